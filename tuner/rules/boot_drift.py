"""A live value will not survive the next boot.

What it flags
    A key that satisfies the policy now and will not after a reboot, because a file sets something
    else, or because no file sets it and the kernel's default does not satisfy the policy. And any
    key that a file sets to one thing while another is in force.

Why it is wrong
    Somebody set the value by hand, or a line never took effect. Either way the host that was tested
    is not the host that comes up after the next outage, and nobody will remember why.

Instead
    Decide which of the two is right. Write it into the line that the finding names, or into a file
    that is read later, and load it.

Applies to
    Hosts whose sysctl.d files could be read. Silent where another finding about the same key
    already says what the next boot gives; where the kernel has no such key; where the kernel
    refuses the line's value; where it ignores the key altogether; and for lines that boot does not
    read. A line with a pattern is reported once, however many interfaces it reaches, and as a note
    where these are interfaces of their own: whoever creates an interface may set it up differently.

Evidence
    The order of systemd-sysctl, with the kernel command line before it and other writers after it;
    compared with the live value number by number, as the kernel compares.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.errors import Unreadable
from tuner.policy.compliance import complies, wanted
from tuner.policy.policy import Confidence, Expectation, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._rule import Rule
from tuner.rules._values import agrees, completed, memory_for
from tuner.snapshot.snapshot import Missing, Snapshot
from tuner.sysctl.boot import Boot, Decision
from tuner.sysctl.catalog import describe, mainline_default
from tuner.sysctl.files import Setting
from tuner.sysctl.key import Key
from tuner.sysctl.loaders.run import place
from tuner.sysctl.value import Value

_SHARED = {"all", "default"}
_INTERFACE_AT = 3  # net.ipv4.conf.eth0.rp_filter, net.ipv6.neigh.eth0.gc_stale_time


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding for every key whose live value the next boot changes."""
    boot = snapshot.require_boot()
    unseen: list[str] = []
    lost: set[Key] = set()
    drifting: set[Key] = set()
    for expectation in policy.expectations.values():
        key = expectation.key
        live = snapshot.reading(key)
        if live is Missing.DENIED:
            unseen.append(f"{key} (denied)")
        if not isinstance(live, Value):
            continue
        if _fits(snapshot, expectation, live) is False:
            drifting.add(key)
            continue
        finding = _lost(snapshot, boot, expectation)
        if finding is not None:
            lost.add(key)
            yield finding
    yield from _changed(snapshot, boot, lost | drifting, unseen)
    if unseen:
        raise Unreadable(", ".join(dict.fromkeys(unseen)))


def _lost(snapshot: Snapshot, boot: Boot, expectation: Expectation) -> Finding | None:
    """Return the finding of a key that complies now and will not after a boot."""
    key = expectation.key
    default = mainline_default(key, snapshot.kernel)
    decision = boot.decisions.get(key)
    after = completed(decision.value, default) if decision is not None else default
    if after is None or _fits(snapshot, expectation, after) is not False:
        return None
    if decision is None:
        cause = f"no file sets it and the kernel starts with {after}"
    elif decision.through is not None:
        cause = f"{place(decision.setting)} sets {decision.through}, which makes it {after}"
    else:
        cause = f"{place(decision.setting)} sets {after}"
    return RULE.finding(
        f"{key} is right now and lost at the next boot: {cause}.",
        key=key,
        wanted=wanted(expectation, default=default, memory=memory_for(expectation, snapshot)),
        at=decision.setting if decision is not None else None,
        severity=expectation.severity,
        fix=Fix(str(snapshot.reading(key)), safe=True),
    )


def _changed(
    snapshot: Snapshot, boot: Boot, known: set[Key], unseen: list[str]
) -> Iterator[Finding]:
    """Yield what files say and the host does not do, once a line."""
    by_line: dict[Setting, list[Decision]] = {}
    for key in sorted(boot.decisions):
        decision = boot.decisions[key]
        live = snapshot.reading(key)
        if live is Missing.DENIED and not _is_trigger(key):
            unseen.append(f"{key} (denied)")
        if key in known or not isinstance(live, Value) or decision.through is not None:
            continue
        if agrees(key, decision.value, live) or _is_inert(snapshot, key):
            continue
        by_line.setdefault(decision.setting, []).append(decision)
    for setting, decisions in by_line.items():
        yield _difference(snapshot, setting, decisions)


def _difference(snapshot: Snapshot, setting: Setting, decisions: list[Decision]) -> Finding:
    first = decisions[0]
    live, value = snapshot.reading(first.key), first.value
    subject = first.key if len(decisions) == 1 else f"{first.key} and {len(decisions) - 1} more"
    verb = "is" if len(decisions) == 1 else "are"
    own = all(_is_of_interface(decision.key) for decision in decisions)
    writers = snapshot.boot.later(first.key) if snapshot.boot is not None else ()
    why = (
        f"{writers[0].name} writes it later ({writers[0].place})."
        if writers
        else "the line did not take effect or somebody changed the value since, and the next boot "
        "sets it again."
    )
    return RULE.finding(
        f"{place(setting)} sets {value}, but {subject} {verb} {live} now: {why}",
        key=first.key,
        wanted=f"{value} live, or {live} in the file",
        at=setting,
        severity=Severity.NOTE if (setting.is_pattern and own) or writers else Severity.WARNING,
    )


def _fits(snapshot: Snapshot, expectation: Expectation, value: Value) -> bool | None:
    return complies(
        expectation,
        value,
        default=mainline_default(expectation.key, snapshot.kernel),
        memory=memory_for(expectation, snapshot),
    )


def _is_trigger(key: Key) -> bool:
    parameter = describe(key)
    return parameter is not None and parameter.type == "trigger"


def _is_inert(snapshot: Snapshot, key: Key) -> bool:
    parameter = describe(key)
    return parameter is not None and parameter.inert_in(snapshot.kernel)


def _is_of_interface(key: Key) -> bool:
    parts = key.split(".")
    return (
        len(parts) == _INTERFACE_AT + 2
        and parts[2] in {"conf", "neigh"}
        and parts[_INTERFACE_AT] not in _SHARED
    )


RULE = Rule(
    id="boot-drift",
    kind=Kind.HYGIENE,
    severity=Severity.WARNING,
    confidence=Confidence.LIKELY,
    sources=(
        "sysctl.d(5)",
        "systemd v252 src/sysctl/sysctl.c",
        "linux v6.18 kernel/sysctl.c do_proc_dointvec",
    ),
    doc=__doc__,
    check=check,
)
