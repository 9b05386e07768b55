"""Closing connections are destroyed because the TIME_WAIT table is full.

What it flags
    TcpExt.TCPTimeWaitOverflow that grows between the two samples: an error; that has grown since
    boot: a warning, or a note where it is rare.

Why it is wrong
    At the limit the kernel does not make room: the connection that is just closing is destroyed. A
    late FIN of its peer is answered with a reset, stray segments meet the next connection, and
    orphans in FIN_WAIT2 lose the data on its way.

Instead
    tcp_max_tw_buckets at one and a half times the rate of closes times 60 s, 256 bytes each; and
    fewer closes: keep-alive.

Applies to
    Limits at or above the kernel's default; a lower one is itself the cause, for which see
    tw-buckets-low.

Evidence
    TcpExt.TCPTimeWaitOverflow, TW and TWKilled. Measured on Linux 6.18: a limit of 10 and 50 closes
    leave 10 entries and the counter at 40.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._formulas import TIME_WAIT, active_closes_per_second, needed_tw_buckets
from tuner.rules._growth import growth
from tuner.rules._rule import Rule
from tuner.rules.tw_buckets_low import least_limit
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

KEY = Key("net.ipv4.tcp_max_tw_buckets")
_OFTEN = 10.0  # an hour


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding where closes have overflowed a limit that is not low."""
    limit = snapshot.number(KEY)
    lost = growth(snapshot, "TcpExt.TCPTimeWaitOverflow")
    if limit is None or limit < 0 or not lost.total or limit < least_limit(snapshot)[0]:
        return
    scheduled, killed = growth(snapshot, "TcpExt.TW"), growth(snapshot, "TcpExt.TWKilled")
    rate = active_closes_per_second(scheduled.per_second, killed.per_second) + lost.per_second
    needed = max(needed_tw_buckets(rate), 2 * limit)
    yield RULE.finding(
        f"{limit:,} entries are not enough: closing connections were destroyed without TIME_WAIT, "
        f"{lost.words}. At {rate:,.0f} closes a second they need 1.5 · {rate:,.0f} · {TIME_WAIT} "
        f"= {needed_tw_buckets(rate):,}.",
        key=KEY,
        wanted=f"at least {needed}",
        severity=Severity.ERROR
        if lost.now
        else Severity.WARNING
        if lost.often(_OFTEN)
        else Severity.NOTE,
        fix=Fix(str(needed), safe=True),
    )


RULE = Rule(
    id="time-wait-overflow",
    kind=Kind.PRESSURE,
    severity=Severity.ERROR,
    confidence=Confidence.PROVEN,
    sources=(
        "linux v6.18 net/ipv4/inet_timewait_sock.c inet_twsk_alloc",
        "linux v6.18 net/ipv4/tcp_minisocks.c tcp_time_wait",
    ),
    doc=__doc__,
    check=check,
)
