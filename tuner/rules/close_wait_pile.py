"""A program of this host does not close connections that its peers have closed.

What it flags
    A hundred sockets in CLOSE_WAIT or more: a warning; from a thousand on an error. Fewer than a
    twentieth of the established connections are not flagged.

Why it is wrong
    CLOSE_WAIT means that the peer has sent its FIN, the kernel has acknowledged it, and the program
    has not called close(). There is no timeout: the sockets stay until the program does, or ends.
    No setting of the kernel changes that. They cost descriptors, and ports towards the peer.

Instead
    Find the program (ss -tanp state close-wait) and the path in it that forgets close(), usually an
    error path or a pool that does not notice closed connections. A restart clears the pile until
    the next time.

Applies to
    Hosts whose sockets could be seen.

Evidence
    The sockets of the moment, and their owners where root could look; RFC 9293 section 3.3.2.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot, Sockets

_SOME, _MANY = 100, 1000
_SHARE = 20
_SHOWN = 3


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield one finding that names the program and the busiest groups."""
    sockets = snapshot.require_sockets()
    count = sockets.states.get("CLOSE-WAIT", 0)
    if count < _SOME or count * _SHARE < sockets.states.get("ESTAB", 0):
        return
    owners = [it for it in sockets.owners if it.state == "CLOSE-WAIT"]
    whose = (
        f"{owners[0].program} holds {owners[0].count:,} of them"
        if owners
        else "whose they are, ss -tanp state close-wait tells root"
    )
    yield RULE.finding(
        f"{count:,} sockets in CLOSE_WAIT: their peers have closed, the program has not, and "
        f"nothing but the program ends that; {whose}.{_groups(sockets)}",
        wanted="a program that closes",
        severity=Severity.ERROR if count >= _MANY else Severity.WARNING,
    )


def _groups(sockets: Sockets) -> str:
    flows = [flow for flow in sockets.flows if flow.state == "CLOSE-WAIT"][:_SHOWN]
    words = [
        f"{flow.count:,} to {flow.remote} port {flow.remote_port}"
        if flow.outbound
        else f"{flow.count:,} on port {flow.local_port}"
        for flow in flows
    ]
    return f" Most: {', '.join(words)}." if words else ""


RULE = Rule(
    id="close-wait-pile",
    kind=Kind.PRESSURE,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=(
        "RFC 9293 section 3.3.2",
        "linux v6.18 net/ipv4/tcp_input.c tcp_fin",
    ),
    doc=__doc__,
    check=check,
)
