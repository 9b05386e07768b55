"""A waiver has expired, and what it covered is still there.

What it flags
    An entry of tuner_waivers whose ``until`` has passed, on a host that still has the finding.
    The finding itself is reported beside it.

Why it is wrong
    A waiver is somebody's word that a finding may stay until a day. When the day has passed,
    nobody stands for it any more, and nobody may have noticed.

Instead
    Mend the finding and take the waiver out, or have its owner decide again: a later ``until``,
    with a reason that still holds.

Applies to
    Every host, by the date in UTC; ``until`` is the last day on which a waiver counts. A waiver
    that has expired and covers nothing is not flagged here: it is reported as unused, once for
    all the hosts that have it.

Evidence
    The waiver in the inventory, and the finding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.policy.waiver import Waiver
from tuner.rules._finding import Finding, Kind
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield nothing: neither snapshot nor policy has the waivers; see ``expired``."""
    yield from ()


def expired(waivers: Iterable[Waiver], found: Iterable[Finding], today: date) -> Iterator[Finding]:
    """Yield a finding for every waiver that has expired and would still cover one of ``found``."""
    findings = tuple(found)
    for waiver in waivers:
        covered = [it for it in findings if waiver.covers(it.rule, it.key)]
        if waiver.until >= today or not covered:
            continue
        what = waiver.rule or waiver.key or ""
        yield RULE.finding(
            f"The waiver of {what} by {waiver.owner} ended on {waiver.until}. It said: "
            f"{waiver.reason}",
            key=None if waiver.key is None else Key(waiver.key),
            wanted="a decision, or the finding mended",
        )


RULE = Rule(
    id="expired-waiver",
    kind=Kind.HYGIENE,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=("the sources of the rule whose finding was waived",),
    doc=__doc__,
    check=check,
)
