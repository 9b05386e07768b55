"""Where a key stands between four values: wanted, live, next boot, the kernel's default."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tuner.policy.compliance import complies, wanted
from tuner.policy.policy import Expectation, Policy
from tuner.rules._boot import next_boot
from tuner.rules._finding import NextBoot, Origin, State
from tuner.rules._recall import Recall
from tuner.rules._values import memory_for
from tuner.snapshot.snapshot import Missing, Reading, Snapshot
from tuner.sysctl.boot import Boot, Loss, Stage
from tuner.sysctl.catalog import describe, mainline_default
from tuner.sysctl.key import Key, key_path
from tuner.sysctl.loaders.run import Fate
from tuner.sysctl.value import Value, parse_value

Fits = Callable[[Value | None], bool | None]


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
    return _STATES(snapshot, policy)


def _key_states(snapshot: Snapshot, policy: Policy) -> tuple[KeyState, ...]:
    return tuple(
        key_state(snapshot, policy.expectations[key]) for key in sorted(policy.expectations)
    )


_STATES = Recall(_key_states)


def key_state(snapshot: Snapshot, expectation: Expectation) -> KeyState:
    """Return the state of the key that is expected to be something."""
    key, memory = expectation.key, memory_for(expectation, snapshot)
    default = mainline_default(key, snapshot.kernel)
    live = snapshot.reading(key)
    boot = next_boot(snapshot, key)

    def fits(value: Value | None) -> bool | None:
        if value is None:
            return None
        return complies(expectation, value, default=default, memory=memory)

    state, note = _judge(snapshot, key, live, boot, fits)
    words = wanted(expectation, default=default, memory=memory)
    return KeyState(key, state, words, live, boot, default, note)


def _judge(
    snapshot: Snapshot, key: Key, live: Reading, boot: NextBoot, fits: Fits
) -> tuple[State, str]:
    if live is Missing.ABSENT and boot.origin is not Origin.FILE:
        return State.NOT_SETTABLE, _why_absent(snapshot, key)
    now = fits(live) if isinstance(live, Value) else None
    if now is False and _is_read_only(snapshot, key):
        return State.NOT_SETTABLE, "read-only here"
    if boot.origin in {Origin.UNKNOWN, Origin.UNSET} or snapshot.boot is None:
        return State.UNKNOWN, ""
    writers = snapshot.boot.later(key)
    if writers:
        return State.DECIDED_LATER, "; ".join(
            f"{writer.name} {writer.what} ({writer.place})" for writer in writers[:3]
        )
    then = fits(boot.value)
    if live is Missing.ABSENT:
        now = False
    if now is None or then is None:
        return State.UNKNOWN, ""
    if then:
        return (State.COMPLIANT if now else State.DRIFTED), ""
    decision = snapshot.boot.decisions.get(key)
    if decision is not None and decision.stage is Stage.LATER:
        place = f"{boot.path}:{boot.line}"
        return State.DECIDED_LATER, f"{place} is applied after the sysctl files"
    shadowed = _shadowed(snapshot.boot, key, fits)
    if shadowed:
        return State.SHADOWED, shadowed
    return (State.LOST_AT_BOOT if now else State.WRONG), ""


def _why_absent(snapshot: Snapshot, key: Key) -> str:
    """Return why the kernel has no such key, as far as that is known."""
    parameter = describe(key)
    if parameter is not None and not parameter.present_in(snapshot.kernel):
        return f"Linux {snapshot.kernel} has no such key"
    if parameter is not None and parameter.module:
        return f"the module {parameter.module} is not loaded"
    netns = parameter.netns if parameter is not None else None
    if netns is not None and netns.child == "absent" and snapshot.system.container:
        return "only the first network namespace has it, and this host is a container"
    return "the kernel has no such key here"


def _is_read_only(snapshot: Snapshot, key: Key) -> bool:
    parameter = describe(key)
    path = key_path(key)
    return (
        key in snapshot.fixed
        or (parameter is not None and not parameter.writable)
        or any(not root or f"{path}/".startswith(f"{root}/") for root in snapshot.read_only)
    )


_WORDS = {
    Fate.LATER_LINE: "loses to",
    Fate.OVERWRITTEN: "loses to",
    Fate.EQUAL_REPEAT: "keeps the place of",
    Fate.EXPLICIT: "is a pattern, and yields to",
    Fate.EXCLUDED: "is cancelled by",
    Fate.SHADOWED: "is in a file that is hidden by",
    Fate.MASKED: "is in a file that is masked by",
    Fate.NOT_READ: "is in a file that boot does not read",
    Fate.FILE_LOST: "comes after an error that ends the reading of its file",
}


def _shadowed(boot: Boot, key: Key, fits: Fits) -> str:
    """Return the line that would set the key right and does not, and why; empty for none."""
    for loss in reversed(boot.losses(key)):
        words = _WORDS.get(loss.fate)
        if words and loss.setting.value is not None and _would_fit(loss, fits):
            place = f"{loss.setting.path}:{loss.setting.line}"
            return f"{place} {words} {loss.by}".rstrip()
    return ""


def _would_fit(loss: Loss, fits: Fits) -> bool:
    return bool(fits(parse_value(loss.setting.effective or "")))
