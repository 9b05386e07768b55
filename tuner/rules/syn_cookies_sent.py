"""SYN queues are full, and cookies are sent.

What it flags
    TcpExt.SyncookiesSent that grows between the two samples, or a hundred times an hour since boot,
    with tcp_syncookies=1.

Why it is wrong
    Cookies are a remedy for floods. In steady state they mean that a listener's backlog is too
    short for the rate and the distance of its clients, or that accept() is too slow. A connection
    made by a cookie has window scaling, SACK and ECN only if the client sent timestamps, and a lost
    SYN-ACK is not repeated.

Instead
    A longer backlog, in the program and in somaxconn: it bounds the SYN queue too, and
    tcp_max_syn_backlog does not. If it is a flood, leave everything: cookies do their work.

Applies to
    Hosts whose counters could be seen. With tcp_syncookies=2 see syncookies-always.

Evidence
    TcpExt.SyncookiesSent, SyncookiesRecv and SyncookiesFailed; linux tcp_conn_request(). Measured
    on Linux 6.18: listen(20) holds 21 half-open connections and sends 179 cookies to 200 SYNs.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._formulas import syn_queue
from tuner.rules._growth import growth
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

_COOKIES = Key("net.ipv4.tcp_syncookies")
_SENT = "TcpExt.SyncookiesSent"
_OFTEN = 100.0  # an hour


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield one finding about the cookies that were sent."""
    sent = growth(snapshot, _SENT)
    if snapshot.number(_COOKIES) != 1 or not sent.often(_OFTEN):
        return
    received = growth(snapshot, "TcpExt.SyncookiesRecv").total
    share = f"{received * 100 // max(sent.total, 1)} % of them came back as connections"
    listeners = snapshot.sockets.listeners if snapshot.sockets is not None else ()
    shortest = min(
        (it for it in listeners if it.backlog > 0), key=lambda it: it.backlog, default=None
    )
    queue = (
        f" A SYN queue is as long as its listener's backlog: the shortest here is "
        f"{syn_queue(shortest.backlog, shortest.backlog, snapshot.kernel):,}, port {shortest.port}."
        if shortest is not None and snapshot.kernel.at_least(4, 4)
        else ""
    )
    yield RULE.finding(
        f"SYN cookies were sent, {sent.words}, and {share}: many of them mean a queue that is too "
        f"short or a program that is too slow, few a flood.{queue}",
        wanted="a longer backlog, or nothing if it was a flood",
        severity=Severity.WARNING if sent.now else Severity.NOTE,
    )


RULE = Rule(
    id="syn-cookies-sent",
    kind=Kind.PRESSURE,
    severity=Severity.WARNING,
    confidence=Confidence.LIKELY,
    sources=(
        "linux v6.18 net/ipv4/tcp_input.c tcp_conn_request",
        "linux v6.18 Documentation/networking/ip-sysctl.rst tcp_syncookies",
    ),
    doc=__doc__,
    check=check,
)
