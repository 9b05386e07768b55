"""The table of hosts on the same link overflows.

What it flags
    table_fulls of arp_cache or ndisc_cache that grows between the two samples, or entries at 90 %
    of gc_thresh3: an error; table_fulls since boot: a warning.

Why it is wrong
    Above gc_thresh3 the kernel cannot learn another neighbour: connections to hosts on the link
    fail at random, and the log says "neighbor table overflow". IPv4 and IPv6 have a table each,
    shared by all containers of the machine.

Instead
    gc_thresh1, gc_thresh2 and gc_thresh3 of 1024, 4096 and 8192, or more, at about 400 bytes a
    neighbour; or a smaller link.

Applies to
    The first network namespace; containers do not show the keys.

Evidence
    /proc/net/stat/arp_cache and ndisc_cache; linux neigh_alloc().
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._growth import growth, level
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

_TABLES = (("ipv4", "arp_cache"), ("ipv6", "ndisc_cache"))
_NEAR = 90  # per cent


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for each family whose table is full or was."""
    for family, table in _TABLES:
        key = Key(f"net.{family}.neigh.default.gc_thresh3")
        limit = snapshot.number(key)
        if not limit:
            continue
        entries = level(snapshot, f"{table}.entries") or 0
        full = growth(snapshot, f"{table}.table_fulls")
        near = 100 * entries >= _NEAR * limit
        if not near and not full.total:
            continue
        wanted = max(8192, 2 * limit, 2 * entries)
        lost = f" (overflows: {full.words})" if full.total else ""
        yield RULE.finding(
            f"{entries:,} neighbours of {limit:,} at most{lost}: hosts on the link cannot be "
            "reached while it is.",
            key=key,
            wanted=f"{wanted}, with gc_thresh2 at {wanted // 2} and gc_thresh1 at {wanted // 8}",
            severity=Severity.ERROR if near or full.now else Severity.WARNING,
            fix=Fix(str(wanted), safe=True),
        )


RULE = Rule(
    id="neighbour-table-overflow",
    kind=Kind.PRESSURE,
    severity=Severity.ERROR,
    confidence=Confidence.PROVEN,
    sources=("linux v6.18 net/core/neighbour.c neigh_alloc",),
    doc=__doc__,
    check=check,
)
