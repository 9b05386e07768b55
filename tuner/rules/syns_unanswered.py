"""Outgoing connections wait because their first packets get no answer.

What it flags
    SYNs that are repeated at five a second or more and at more than a twentieth of the connections
    opened, with five connections or more in SYN_SENT; or twenty connections or more in SYN_SENT to
    one address and port.

Why it is wrong
    A SYN that is lost costs a second, the next one two more (one since Linux 6.5). A peer that is
    down, overloaded or behind a firewall that drops does not answer. One kind looks random: a
    stateful firewall between the hosts that still has an entry for the same addresses and ports
    drops the SYN of a reused port, while Linux's own conntrack lets it pass.

Instead
    Capture on both sides. Where the SYN leaves here and does not arrive: the firewall's timers for
    closed and half-closed connections below 60 s, or a wider port range here, so that ports come
    back later. Where it arrives: the listener's queue there.

Applies to
    Hosts whose counters could be seen.

Evidence
    TcpExt.TCPSynRetrans, Tcp.ActiveOpens, sockets in SYN_SENT. Measured on Linux 6.18: its
    conntrack passes a SYN on live and on closed entries; only a rule that says so drops it.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._growth import growth
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot

_FAST, _SHARE = 5.0, 0.05
_SOME, _MANY = 5, 20


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for the destinations that do not answer, or one for all."""
    repeated = growth(snapshot, "TcpExt.TCPSynRetrans")
    opened = growth(snapshot, "Tcp.ActiveOpens")
    sockets = snapshot.sockets
    flows = sockets.flows if sockets is not None else ()
    waiting = [
        flow for flow in flows if flow.state == "SYN-SENT" and flow.outbound and flow.count >= _MANY
    ]
    for flow in waiting[:3]:
        yield RULE.finding(
            f"{flow.count:,} connections from {flow.local} to {flow.remote} port "
            f"{flow.remote_port} wait for an answer to their SYN: the peer is down or full, or a "
            "firewall between drops them.",
            wanted="an answer: capture on both sides",
        )
    # The counter has repeated SYN-ACKs as well; sockets in SYN_SENT tell which side it is.
    asking = sockets.states.get("SYN-SENT", 0) if sockets is not None else 0
    fast = repeated.per_second >= max(_FAST, _SHARE * opened.per_second)
    if not waiting and asking >= _SOME and fast:
        yield RULE.finding(
            f"{asking:,} connections wait for an answer to their SYN, and SYNs are repeated "
            f"{repeated.per_second:,.0f} times a second at {opened.per_second:,.0f} connections "
            f"opened: peers or a firewall between do not "
            "answer, each of which costs a second or more.",
            wanted="an answer: capture on both sides",
        )


RULE = Rule(
    id="syns-unanswered",
    kind=Kind.PRESSURE,
    severity=Severity.WARNING,
    confidence=Confidence.LIKELY,
    sources=(
        "linux v6.18 net/ipv4/tcp_timer.c tcp_write_timeout",
        "linux v6.18 net/netfilter/nf_conntrack_proto_tcp.c nf_conntrack_tcp_packet",
    ),
    doc=__doc__,
    check=check,
)
