"""A limit of the receive path is raised though nothing was ever dropped.

What it flags
    A line that raises netdev_max_backlog, netdev_budget or dev_weight above the kernel's default,
    on a host whose softnet counters show that the limit was never reached.

Why it is wrong
    netdev_max_backlog bounds a queue per processor that only loopback, virtual devices and RPS use;
    a network card with NAPI has its own ring (ethtool -g). netdev_budget and dev_weight bound how
    long one round of receiving lasts. A larger number helps where the counters grow; elsewhere it
    allows longer rounds and longer queues, which is latency.

Instead
    The default, as long as softnet_stat shows no drops (column 2) and no squeezes (column 3).

Applies to
    Hosts whose counters could be seen, and only up to a small number of events since boot. Where
    they grow, receive-queue-drops says so instead.

Evidence
    /proc/net/softnet_stat; linux enqueue_to_backlog(), net_rx_action().
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._growth import growth
from tuner.rules._in_force import default_of
from tuner.rules._rule import Rule
from tuner.rules._values import endorsed, lines_for
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

_LIMITS = {
    "net.core.netdev_max_backlog": ("softnet.dropped", 10, "no packet was dropped at that queue"),
    "net.core.netdev_budget": (
        "softnet.time_squeeze",
        4,
        "no round of receiving ran out of budget",
    ),
    "net.core.dev_weight": ("softnet.time_squeeze", 4, "no round of receiving ran out of budget"),
}
_RARE = 10


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding for each limit that was raised and never reached."""
    for name, (counter, times, reason) in _LIMITS.items():
        key = Key(name)
        value, default = snapshot.number(key), default_of(snapshot, key)
        if value is None or default is None or value <= times * (default.int() or 0):
            continue
        if not lines_for(snapshot, key) or endorsed(snapshot, policy, key):
            continue
        happened = growth(snapshot, counter)
        if happened.total > _RARE or happened.now:
            continue
        since = f" in {snapshot.system.uptime / 86400:,.0f} days" if snapshot.system.uptime else ""
        yield RULE.finding(
            f"{value:,} instead of {default}, and {reason}{since}: the larger limit only allows "
            "more delay.",
            key=key,
            wanted=f"{default}, the kernel's default",
            fix=Fix(str(default), safe=True),
        )


RULE = Rule(
    id="receive-queue-unneeded",
    kind=Kind.MYTH,
    severity=Severity.NOTE,
    confidence=Confidence.LIKELY,
    sources=(
        "linux v6.18 net/core/dev.c enqueue_to_backlog",
        "linux v6.18 net/core/dev.c net_rx_action",
        "linux v6.18 Documentation/admin-guide/sysctl/net.rst",
    ),
    doc=__doc__,
    check=check,
)
