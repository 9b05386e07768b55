"""New connections meet what is left of old ones.

What it flags
    TcpExt.PAWSTimewait and TCPACKSkippedTimeWait together at one a second or more between the two
    samples, or sixty an hour or more since boot.

Why it is wrong
    A SYN for an address and port that this server still holds in TIME_WAIT is accepted at once when
    its timestamp is newer, or its sequence number higher. Otherwise the server repeats its last
    acknowledgement, the client resets it and tries again: 10 ms later directly (a second with
    clients before Linux 5.6), one to three seconds through a small NAT, and not before the entry's
    end with tcp_rfc1337=1. These counters show that it happens.

Instead
    More addresses or ports on the side that opens: NAT addresses, balancer addresses. Kept
    connections between balancer and server. On the NAT a quarantine above 60 s; no tcp_rfc1337. A
    balancer that spreads by address sends all of a NAT to one server; round robin spreads them.

Applies to
    Servers. A client that uses its own port again shows a newer timestamp and is not counted.
    PAWSTimewait exists since Linux 6.17; before, the other counter stands alone.

Evidence
    linux tcp_timewait_state_process(). Measured on Linux 6.18 through a NAT of 16 ports: of 300
    connections 199 were quick, 77 took 10 ms and 24 took 1 to 3 s, with PAWSTimewait at 130.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._growth import growth
from tuner.rules._rule import Rule
from tuner.snapshot.facts import Balancer, Known, Spread
from tuner.snapshot.snapshot import Snapshot

_COUNTERS = ("TcpExt.PAWSTimewait", "TcpExt.TCPACKSkippedTimeWait")
_FAST, _OFTEN = 1.0, 60.0  # a second, an hour


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield one finding whose advice follows the declared path."""
    met = growth(snapshot, *_COUNTERS)
    if met.per_second < _FAST and met.per_hour < _OFTEN:
        return
    yield RULE.finding(
        f"SYNs met TIME_WAIT entries and were not accepted at once, {met.words}. "
        f"{_advice(snapshot)}",
        wanted="more addresses or ports on the side that opens",
        severity=Severity.WARNING if met.per_second >= _FAST else Severity.NOTE,
    )


def _advice(snapshot: Snapshot) -> str:
    facts = snapshot.facts
    if facts.balancer is Balancer.L7:
        return (
            "All clients share the L7 balancer's addresses: keep its connections open, or give it "
            "more addresses."
        )
    if facts.nat is Known.YES:
        hashed = facts.balancer is Balancer.L4 and facts.spread is Spread.IP_HASH
        return (
            "Clients share a NAT's ports, and the balancer sends all of one NAT here by its "
            "address: round robin or more NAT addresses spread them."
            if hashed
            else "Clients share a NAT's ports: it needs more addresses, or a quarantine above 60 s."
        )
    if facts.nat is Known.NO:
        return "Without NAT it is a client that uses ports again with a clock that went back."
    return (
        "Whether clients share a NAT or a balancer the inventory does not say (tuner_facts: nat, "
        "balancer)."
    )


RULE = Rule(
    id="syn-meets-time-wait",
    kind=Kind.PRESSURE,
    severity=Severity.WARNING,
    confidence=Confidence.LIKELY,
    sources=(
        "RFC 6191",
        "linux v6.18 net/ipv4/tcp_minisocks.c tcp_timewait_state_process",
    ),
    doc=__doc__,
    check=check,
)
