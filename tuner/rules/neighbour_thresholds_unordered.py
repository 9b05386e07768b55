"""The neighbour table's three thresholds do not rise.

What it flags
    gc_thresh1, gc_thresh2 and gc_thresh3 of net.ipv4.neigh.default or net.ipv6.neigh.default that
    are not in ascending order.

Why it is wrong
    Below the first the kernel collects nothing, above the second it collects after 5 s, at the
    third it refuses. A third that is below the second is reached before anything was collected
    early; raising only the third, or only the first, has no effect or the wrong one.

Instead
    1 : 4 : 8, such as 1024, 4096 and 8192 for a large network on one link.

Applies to
    The first network namespace; containers do not show the keys.

Evidence
    linux neigh_alloc(), neigh_periodic_work().
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for each family whose thresholds do not rise."""
    for family in ("ipv4", "ipv6"):
        keys = [Key(f"net.{family}.neigh.default.gc_thresh{number}") for number in (1, 2, 3)]
        given = [snapshot.number(key) for key in keys]
        first, second, third = given
        if first is None or second is None or third is None or first <= second <= third:
            continue
        cure = max(2 * second, third, 1024)
        yield RULE.finding(
            f"Thresholds {first:,}, {second:,} and {third:,}: old neighbours are not collected "
            f"early at {second:,}, and the table runs into its limit of {third:,} first."
            if third < second
            else f"Thresholds {first:,}, {second:,} and {third:,}: nothing is collected below "
            f"{first:,}, so that the second has no effect.",
            key=keys[2],
            wanted=f"above gc_thresh2, such as {cure}",
            fix=Fix(str(cure), safe=True) if third < second else None,
        )


RULE = Rule(
    id="neighbour-thresholds-unordered",
    kind=Kind.HAZARD,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=("linux v6.18 net/core/neighbour.c neigh_alloc",),
    doc=__doc__,
    check=check,
)
