"""Segments are refused because their timestamps look old.

What it flags
    TcpExt.PAWSEstab, PAWSActive, PAWSOldAck and TSEcrRejected together at ten a second or more
    between the two samples: a warning; a thousand an hour or more since boot: a note.

Why it is wrong
    PAWS drops what carries an older timestamp than was seen on the connection. A few are ordinary:
    duplicates that took another path. Many mean that something between the two ends changes or
    mixes timestamps: a NAT that gives one port to two hosts, a balancer or firewall that rewrites
    them, or a packet capture replayed.

Instead
    Capture on both sides and compare timestamps. Do not switch timestamps off: then the same
    segments are accepted.

Applies to
    Hosts whose counters could be seen; PAWSOldAck since 6.14, TSEcrRejected since 6.17.

Evidence
    The counters in /proc/net/netstat; linux tcp_validate_incoming().
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._growth import growth
from tuner.rules._rule import Rule
from tuner.snapshot.facts import Known
from tuner.snapshot.snapshot import Snapshot

_COUNTERS = ("TcpExt.PAWSEstab", "TcpExt.PAWSActive", "TcpExt.PAWSOldAck", "TcpExt.TSEcrRejected")
_FAST, _OFTEN = 10.0, 1000.0  # a second, an hour


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield one finding where many segments were refused."""
    stale = growth(snapshot, *_COUNTERS)
    fast = stale.per_second >= _FAST
    if not fast and stale.per_hour < _OFTEN:
        return
    facts = snapshot.facts
    turn = (
        "a NAT lies in the path and may give one port to hosts with different clocks"
        if facts.nat is Known.YES
        else "no NAT is in the path by the inventory, so look at what rewrites packets"
        if facts.nat is Known.NO
        else "whether a NAT in the path mixes hosts the inventory does not say (tuner_facts: nat)"
    )
    yield RULE.finding(
        f"Segments with old timestamps were refused, {stale.words}: {turn}.",
        wanted="one clock for each connection's peer",
        severity=Severity.WARNING if fast else Severity.NOTE,
    )


RULE = Rule(
    id="paws-rejections",
    kind=Kind.PRESSURE,
    severity=Severity.WARNING,
    confidence=Confidence.LIKELY,
    sources=(
        "RFC 7323 section 5",
        "linux v6.18 net/ipv4/tcp_input.c tcp_validate_incoming",
    ),
    doc=__doc__,
    check=check,
)
