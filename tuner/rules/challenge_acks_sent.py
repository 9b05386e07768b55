"""Segments arrive that do not belong to their connections.

What it flags
    TcpExt.TCPChallengeACK and TCPSYNChallenge together at ten a second or more between the two
    samples: a warning; a thousand an hour or more since boot: a note.

Why it is wrong
    A SYN on a connection that exists, or a reset or acknowledgement outside the window, is answered
    with a challenge acknowledgement. Many of them mean that one end believes the connection gone: a
    client that was restarted or that reuses a port while this end waits in LAST_ACK or ESTABLISHED,
    a firewall that forgot the connection, or somebody who guesses.

Instead
    Find the peers (tcpdump of SYNs to established tuples). Keep-alive below the firewall's idle
    timeout; on this host programs that close connections whose peers are gone.

Applies to
    Hosts whose counters could be seen.

Evidence
    RFC 5961; linux tcp_send_challenge_ack().
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._growth import growth
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot

_FAST, _OFTEN = 10.0, 1000.0  # a second, an hour


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield one finding where many challenges were sent."""
    sent = growth(snapshot, "TcpExt.TCPChallengeACK", "TcpExt.TCPSYNChallenge")
    if sent.per_second < _FAST and sent.per_hour < _OFTEN:
        return
    on_syn = growth(snapshot, "TcpExt.TCPSYNChallenge").total
    cause = (
        "most answered a SYN on a connection that this end still has: peers that restart, or that "
        "reuse ports sooner than this end or a firewall forgets them"
        if on_syn * 2 > sent.total
        else "peers or firewalls that believe connections gone, or somebody who guesses"
    )
    yield RULE.finding(
        f"Challenge acknowledgements were sent, {sent.words}: {cause}.",
        wanted="peers that agree on which connections exist",
        severity=Severity.WARNING if sent.per_second >= _FAST else Severity.NOTE,
    )


RULE = Rule(
    id="challenge-acks-sent",
    kind=Kind.PRESSURE,
    severity=Severity.WARNING,
    confidence=Confidence.LIKELY,
    sources=(
        "RFC 5961",
        "linux v6.18 net/ipv4/tcp_input.c tcp_send_challenge_ack",
    ),
    doc=__doc__,
    check=check,
)
