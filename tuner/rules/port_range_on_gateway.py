"""The local port range is changed to make room for translated connections.

What it flags
    A range that somebody changed on a nat-gateway that opens few connections of its own; and on any
    host that forwards, a line whose comment speaks of NAT.

Why it is wrong
    Address translation does not use ip_local_port_range: netfilter keeps the client's port where it
    is free and else takes one from 1024 to 65535, 64,512 for each address and destination. A wider
    range adds nothing to it, a narrower one protects nothing.

Instead
    The default. A gateway that runs out of ports needs more addresses to translate to: each gives
    537 connections a second to one destination.

Applies to
    Hosts with the role nat-gateway, or with such a comment.

Evidence
    linux nf_nat_core.c, nf_nat_l4proto_unique_tuple().
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._formulas import DEFAULT_PORTS, NAT_PORTS, nat_connections_per_second, usable_ports
from tuner.rules._hosts import forwards, is_client, is_gateway
from tuner.rules._in_force import default_of
from tuner.rules._rule import Rule
from tuner.rules._values import endorsed, lines_for, port_range
from tuner.rules._words import NAT, believes
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.forms import PORT_RANGE

_OWN = 1000  # connections of its own towards one destination


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where a gateway's range was changed."""
    limits = port_range(snapshot)
    default = default_of(snapshot, PORT_RANGE)
    if limits is None or default is None or limits == default.ints():
        return
    believed = next(
        (line for line in lines_for(snapshot, PORT_RANGE) if believes(line.note, NAT)), None
    )
    gateway = is_gateway(policy) and not is_client(policy)
    if not (gateway or (believed is not None and forwards(snapshot))):
        return
    if endorsed(snapshot, policy, PORT_RANGE) or usable_ports(*limits) < DEFAULT_PORTS:
        return
    flows = snapshot.sockets.flows if snapshot.sockets is not None else ()
    if believed is None and any(flow.outbound and flow.count > _OWN for flow in flows):
        return
    yield RULE.finding(
        f"Translation does not use {limits[0]} to {limits[1]}: netfilter takes ports from 1024 to "
        f"65535, {NAT_PORTS:,} for each address and destination, which is "
        f"{nat_connections_per_second(120)} connections a second.",
        key=PORT_RANGE,
        wanted=f"{default}, the kernel's default",
        at=believed,
        severity=Severity.WARNING if believed is not None else Severity.NOTE,
    )


RULE = Rule(
    id="port-range-on-gateway",
    kind=Kind.MYTH,
    severity=Severity.NOTE,
    confidence=Confidence.LIKELY,
    sources=("linux v6.18 net/netfilter/nf_nat_core.c nf_nat_l4proto_unique_tuple",),
    doc=__doc__,
    check=check,
)
