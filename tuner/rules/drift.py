"""A setting is not what the host's role wants.

What it flags
    A live value that does not satisfy the expectation which the host's roles, and the profiles they
    extend, have of its key; and the absence of a key that a role marks as required.

Why it is wrong
    Each expectation says so itself: the finding's message is its reason, followed by the profile
    and line it stands in. `tuner explain KEY` tells what the kernel makes of the key.

Instead
    The value under "wanted". Where the role is wrong and the host is right, change the profile, or
    write a waiver with a reason, an owner and a day on which it ends.

Applies to
    Every key of the resolved policy. A key that the kernel does not have is not judged unless it is
    required: namespaces, modules and old kernels lack many. Where a myth or hazard rule condemns
    the same value, that rule's finding is shown and this one is not.

Evidence
    The live value, read from /proc/sys. Each expectation names its own sources.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.errors import Unreadable
from tuner.policy.compliance import complies, remedy, wanted
from tuner.policy.policy import Confidence, Expectation, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._rule import Rule
from tuner.rules._values import memory_for
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.catalog import mainline_default
from tuner.sysctl.value import Value

_HARMLESS = ("net.ipv4.tcp_", "net.core.")
"""Settings of new connections and queues; others may move routes or traffic."""


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding for every expectation that the live value does not satisfy."""
    unseen: list[str] = []
    for expectation in policy.expectations.values():
        try:
            yield from _judge(snapshot, expectation)
        except Unreadable as error:
            unseen.append(error.message)
    if unseen:
        raise Unreadable(", ".join(unseen))


def _judge(snapshot: Snapshot, expectation: Expectation) -> Iterator[Finding]:
    key, memory = expectation.key, memory_for(expectation, snapshot)
    default = mainline_default(key, snapshot.kernel)
    value = snapshot.value(key)
    if value is None:
        if expectation.required:
            yield _finding(
                snapshot, expectation, None, default, before="The kernel has no such key here. "
            )
        return
    fits = complies(expectation, value, default=default, memory=memory)
    if fits is None:
        raise Unreadable(f"{key} (cannot tell whether {value} is {wanted(expectation)})")
    if not fits:
        yield _finding(snapshot, expectation, value, default)


def _finding(
    snapshot: Snapshot,
    expectation: Expectation,
    value: Value | None,
    default: Value | None,
    before: str = "",
) -> Finding:
    memory = memory_for(expectation, snapshot)
    cure = None
    if value is not None:
        cure = remedy(expectation, value, default=default, memory=memory)
    origin = f" ({expectation.origin})" if expectation.origin else ""
    return RULE.finding(
        f"{before}{expectation.why}{origin}",
        key=expectation.key,
        wanted=wanted(expectation, default=default, memory=memory),
        severity=expectation.severity,
        confidence=expectation.confidence,
        fix=Fix(str(cure), safe=expectation.key.startswith(_HARMLESS)) if cure else None,
    )


RULE = Rule(
    id="drift",
    kind=Kind.POLICY,
    severity=Severity.WARNING,
    confidence=Confidence.LIKELY,
    sources=("the sources that each expectation of the profile names",),
    doc=__doc__,
    check=check,
)
