"""Where a key stands between four values: wanted, live, next boot, the kernel's default."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from tuner.policy.compliance import complies, wanted
from tuner.policy.policy import Expectation, Policy
from tuner.rules._check import next_boot
from tuner.rules._finding import NextBoot, Origin
from tuner.snapshot.snapshot import Missing, Reading, Snapshot
from tuner.sysctl.catalog import describe
from tuner.sysctl.key import Key
from tuner.sysctl.value import Value, parse_value


class State(StrEnum):
    """The one state of a key. The names are stable: scripts compare them."""

    COMPLIANT = "compliant"  # right now and after the next boot
    DRIFTED = "drifted"  # wrong now; the next boot puts it right
    LOST_AT_BOOT = "lost-at-boot"  # right now; the next boot undoes it
    WRONG = "wrong"  # wrong now and after the next boot
    SHADOWED = "shadowed"  # wrong after the next boot, though a line sets it right: it loses
    NOT_SETTABLE = "not-settable"  # the kernel has no such key here, or it cannot be written
    DECIDED_LATER = "decided-later"  # another program writes it after the sysctl files
    UNKNOWN = "unknown"  # the source cannot tell


@dataclass(frozen=True, slots=True)
class KeyState:
    """One key of one host. ``wanted`` is in words; ``note`` says what decides the state."""

    key: Key
    state: State
    wanted: str
    live: Reading
    next_boot: NextBoot
    default: Value | None
    note: str = ""


def key_states(snapshot: Snapshot, policy: Policy) -> tuple[KeyState, ...]:
    """Return the state of every key that the policy has an expectation of, sorted by key."""
    return tuple(_states(snapshot, policy))


def _states(snapshot: Snapshot, policy: Policy) -> Iterator[KeyState]:
    memory = snapshot.system.memory
    for key in sorted(policy.expectations):
        expectation = policy.expectations[key]
        parameter = describe(key)
        default = parameter.default(snapshot.kernel) if parameter else None
        live = snapshot.reading(key)
        boot = next_boot(snapshot, key)
        state, note = _judge(snapshot, expectation, live, boot, default)
        words = wanted(expectation, default=default, memory=memory)
        yield KeyState(key, state, words, live, boot, default, note)


def _judge(
    snapshot: Snapshot,
    expectation: Expectation,
    live: Reading,
    boot: NextBoot,
    default: Value | None,
) -> tuple[State, str]:
    def fits(value: Value | None) -> bool | None:
        if value is None:
            return None
        return complies(expectation, value, default=default, memory=snapshot.system.memory)

    if live is Missing.ABSENT:
        return State.NOT_SETTABLE, "the kernel has no such key here"
    if isinstance(live, Missing) or boot.origin in {Origin.UNKNOWN, Origin.UNSET}:
        return State.UNKNOWN, ""
    now, then = fits(live), fits(boot.value)
    if now is None or then is None:
        return State.UNKNOWN, ""
    if then:
        return (State.COMPLIANT if now else State.DRIFTED), ""
    shadowed = _shadowed(snapshot, expectation.key, fits)
    if shadowed:
        return State.SHADOWED, f"{shadowed} loses to {boot.path}:{boot.line}"
    return (State.LOST_AT_BOOT if now else State.WRONG), ""


def _shadowed(snapshot: Snapshot, key: Key, fits: Callable[[Value | None], bool | None]) -> str:
    """Return path:line of a line that would set the key right and is beaten, empty for none."""
    decision = snapshot.boot.decisions.get(key) if snapshot.boot is not None else None
    if decision is None:
        return ""
    for setting in decision.beaten:
        if setting.value is not None and fits(parse_value(setting.effective or "")):
            return f"{setting.path}:{setting.line}"
    return ""
