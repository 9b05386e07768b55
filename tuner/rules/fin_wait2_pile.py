"""Peers keep connections half closed.

What it flags
    Five hundred sockets in FIN_WAIT2 or more, and a tenth of the established connections: a note;
    from five thousand on a warning.

Why it is wrong
    This host has closed, the peer's kernel has acknowledged that, and the peer's program has not
    closed: its side is in CLOSE_WAIT. Sockets that a program here still holds stay without limit;
    orphans go after tcp_fin_timeout, 60 s, and count against tcp_max_tw_buckets meanwhile.

Instead
    Look at the peers' programs. A shorter tcp_fin_timeout, not below 15, only hides it for orphans,
    and does nothing for the rest.

Applies to
    Hosts whose sockets could be seen.

Evidence
    The sockets of the moment; linux tcp_fin_time(), tcp_time_wait().
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot

_SOME, _MANY = 500, 5000
_SHARE = 10
_SHOWN = 3


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield one finding that names the busiest groups."""
    sockets = snapshot.require_sockets()
    count = sockets.states.get("FIN-WAIT-2", 0)
    if count < _SOME or count * _SHARE < sockets.states.get("ESTAB", 0):
        return
    flows = [flow for flow in sockets.flows if flow.state == "FIN-WAIT-2"][:_SHOWN]
    words = [
        f"{flow.count:,} to {flow.remote} port {flow.remote_port}"
        if flow.outbound
        else f"{flow.count:,} on port {flow.local_port}"
        for flow in flows
    ]
    most = f" Most: {', '.join(words)}." if words else ""
    yield RULE.finding(
        f"{count:,} sockets in FIN_WAIT2: this host has closed, and the peers' programs have not; "
        f"the fault is theirs.{most}",
        wanted="peers that close",
        severity=Severity.WARNING if count >= _MANY else Severity.NOTE,
    )


RULE = Rule(
    id="fin-wait2-pile",
    kind=Kind.PRESSURE,
    severity=Severity.NOTE,
    confidence=Confidence.LIKELY,
    sources=(
        "RFC 9293 section 3.3.2",
        "linux v6.18 net/ipv4/tcp.c __tcp_close",
    ),
    doc=__doc__,
    check=check,
)
