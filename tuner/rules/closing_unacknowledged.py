"""Peers do not acknowledge that this host has closed.

What it flags
    Two hundred sockets or more in FIN_WAIT1, LAST_ACK and CLOSING together, and a tenth of the
    established connections: a note; from two thousand on a warning.

Why it is wrong
    The FIN is sent and not acknowledged: the peer's kernel is gone or silent, the path loses
    packets, a firewall has forgotten the connection, or the peer announces a window of zero and
    data waits before the FIN. They are orphans mostly, and go after tcp_orphan_retries.

Instead
    Look at the path and the peers (ss -tano state fin-wait-1). tcp_orphan_retries lowered gives up
    sooner and loses answers.

Applies to
    Hosts whose sockets could be seen.

Evidence
    The sockets of the moment; linux tcp_send_fin(), tcp_orphan_retries().
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot

_STATES = ("FIN-WAIT-1", "LAST-ACK", "CLOSING")
_SOME, _MANY = 200, 2000
_SHARE = 10


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield one finding where many closes are not acknowledged."""
    states = snapshot.require_sockets().states
    count = sum(states.get(state, 0) for state in _STATES)
    if count < _SOME or count * _SHARE < states.get("ESTAB", 0):
        return
    words = ", ".join(f"{states[state]:,} in {state}" for state in _STATES if states.get(state))
    yield RULE.finding(
        f"{count:,} sockets wait for an acknowledgement of their FIN ({words}): peers are gone, "
        "or the path or a firewall drops it.",
        wanted="an answer: capture on both sides",
        severity=Severity.WARNING if count >= _MANY else Severity.NOTE,
    )


RULE = Rule(
    id="closing-unacknowledged",
    kind=Kind.PRESSURE,
    severity=Severity.NOTE,
    confidence=Confidence.LIKELY,
    sources=(
        "RFC 9293 section 3.3.2",
        "linux v6.18 net/ipv4/tcp_timer.c tcp_orphan_retries",
    ),
    doc=__doc__,
    check=check,
)
