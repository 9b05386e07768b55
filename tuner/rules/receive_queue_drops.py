"""The kernel drops packets before TCP sees them.

What it flags
    Drops of the per-processor backlog (softnet_stat, column 2) that grow between the two samples,
    or sixty an hour or more since boot; rounds of receiving that run out of budget (column 3) at a
    hundred a second or more.

Why it is wrong
    The backlog is the queue of packets that loopback, virtual devices and RPS hand to a processor.
    When it is longer than netdev_max_backlog the packet is gone, and TCP learns of it by a
    retransmission. A round that runs out of budget leaves packets in the card's ring, which
    overflows next.

Instead
    Spread the load first: RSS or RPS over more processors, interrupts apart from busy programs.
    Then netdev_max_backlog twice as high, or netdev_budget twice as high, one at a time, as long as
    the counter grows.

Applies to
    The first network namespace, where the keys can be seen. A card's own drops are not here
    (ethtool -S).

Evidence
    /proc/net/softnet_stat; linux enqueue_to_backlog(), net_rx_action().
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._growth import growth
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

_BACKLOG = Key("net.core.netdev_max_backlog")
_BUDGET = Key("net.core.netdev_budget")
_OFTEN = 60.0  # an hour
_SQUEEZED = 100.0  # a second


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding about drops, and one about rounds that are too short."""
    backlog, budget = snapshot.number(_BACKLOG), snapshot.number(_BUDGET)
    if backlog is None or budget is None:
        return
    dropped = growth(snapshot, "softnet.dropped")
    if dropped.often(_OFTEN):
        yield RULE.finding(
            f"Packets were dropped at the backlog of {backlog:,}, {dropped.words}: a processor "
            "does not keep up with what virtual devices or RPS hand to it.",
            key=_BACKLOG,
            wanted="more processors for the load, then a longer backlog",
            severity=Severity.ERROR if dropped.now else Severity.WARNING,
            fix=Fix(str(2 * backlog), safe=True),
        )
    squeezed = growth(snapshot, "softnet.time_squeeze")
    if squeezed.per_second >= _SQUEEZED:
        yield RULE.finding(
            f"Rounds of receiving run out of their budget of {budget:,} packets, "
            f"{squeezed.words}: packets wait in the card's ring meanwhile.",
            key=_BUDGET,
            wanted="more processors for the load, then a larger budget",
            severity=Severity.NOTE,
            fix=Fix(str(2 * budget), safe=True),
        )


RULE = Rule(
    id="receive-queue-drops",
    kind=Kind.PRESSURE,
    severity=Severity.ERROR,
    confidence=Confidence.PROVEN,
    sources=(
        "linux v6.18 net/core/dev.c enqueue_to_backlog",
        "linux v6.18 net/core/dev.c net_rx_action",
    ),
    doc=__doc__,
    check=check,
)
