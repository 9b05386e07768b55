"""Closed sockets with data to deliver are near their limit.

What it flags
    Orphans at a quarter of tcp_max_orphans or more: a warning; at half of it, or with resets for
    want of room between the two samples, an error.

Why it is wrong
    A closed socket that still has data to deliver, or waits for the peer's last packets, is an
    orphan. At the limit the kernel resets it, and the client loses the end of its answer. An orphan
    whose peer is silent counts twice or four times, so that the limit is reached at a half or a
    quarter of it.

Instead
    Find out why so many linger: clients that vanish, answers that are larger than the path carries.
    Then a higher tcp_max_orphans, 64 KiB of memory each at worst.

Applies to
    The first network namespace; containers do not show the key, and the count is the machine's.

Evidence
    sockstat orphan, TcpExt.TCPAbortOnMemory; linux tcp_check_oom(), tcp_out_of_resources().
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._growth import growth, level
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

KEY = Key("net.ipv4.tcp_max_orphans")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding where orphans are near their limit."""
    limit = snapshot.number(KEY)
    if limit is None or limit <= 0:
        return
    orphans = level(snapshot, "sockstat.TCP.orphan") or 0
    resets = growth(snapshot, "TcpExt.TCPAbortOnMemory")
    if orphans < limit // 4:
        return
    half = orphans >= limit // 2
    lost = f" {resets.total:,} were reset for want of room." if resets.total else ""
    yield RULE.finding(
        f"{orphans:,} orphans of {limit:,}; those whose peers are silent count twice or four "
        f"times, so that resets begin between {limit // 4:,} and {limit // 2:,}.{lost}",
        key=KEY,
        wanted="fewer orphans, or a higher limit",
        severity=Severity.ERROR if half or resets.now else Severity.WARNING,
        fix=Fix(str(2 * limit), safe=True),
    )


RULE = Rule(
    id="orphans-near-limit",
    kind=Kind.PRESSURE,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=(
        "linux v6.18 net/ipv4/tcp.c tcp_check_oom",
        "linux v6.18 net/ipv4/tcp_timer.c tcp_out_of_resources",
    ),
    doc=__doc__,
    check=check,
)
