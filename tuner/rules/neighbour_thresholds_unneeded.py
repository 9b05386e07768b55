"""The neighbour table is enlarged for clients that are not neighbours.

What it flags
    A line that raises gc_thresh3 of net.ipv4.neigh.default above 8192 on a host whose table holds
    less than a quarter of the default, 256 entries.

Why it is wrong
    The table has an entry for every host on the same link, and for no other: a client behind a
    router is the router's entry. A server with a million clients needs a handful.

Instead
    The defaults, 128, 512 and 1024; more on a large flat network or a Kubernetes node.

Applies to
    Hosts that show /proc/net/stat/arp_cache, and whose table has never overflowed.

Evidence
    arp_cache: entries and table_fulls; linux neigh_alloc().
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._growth import events, level
from tuner.rules._hosts import clusters
from tuner.rules._in_force import in_force
from tuner.rules._rule import Rule
from tuner.rules._values import lines_for
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

KEY = Key("net.ipv4.neigh.default.gc_thresh3")
_LARGE = 8192
_FEW = 256


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where the table was enlarged and is nearly empty."""
    if not lines_for(snapshot, KEY):
        return
    found = in_force(snapshot, policy, KEY, lambda number: number > _LARGE)
    if found is None or clusters(snapshot):
        return
    entries = level(snapshot, "arp_cache.entries")
    if entries is None or entries >= _FEW or events(snapshot, "arp_cache.table_fulls"):
        return
    yield RULE.finding(
        f"{found.lead}Room for {found.number:,} neighbours, and the table has {entries:,}: only "
        "hosts on the same link are neighbours, however many clients there are.",
        key=KEY,
        wanted="1024, the kernel's default",
    )


RULE = Rule(
    id="neighbour-thresholds-unneeded",
    kind=Kind.MYTH,
    severity=Severity.NOTE,
    confidence=Confidence.LIKELY,
    sources=("linux v6.18 net/core/neighbour.c neigh_alloc",),
    doc=__doc__,
    check=check,
)
