"""Connections that outlive their firewall entry are cut off.

What it flags
    nf_conntrack_tcp_loose=0.

Why it is wrong
    With 1 a firewall that sees a packet of a connection it does not know takes it up. With 0 such a
    packet is invalid: after a reload of the table, a failover to the other gateway or an hour
    without traffic, every connection that was open is dead.

Instead
    1, the default. Only SYNPROXY needs 0.

Applies to
    Hosts with connection tracking: a warning where they forward, else a note.

Evidence
    linux tcp_new() in nf_conntrack_proto_tcp.c; nf_conntrack-sysctl.rst.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._hosts import forwards, is_gateway
from tuner.rules._in_force import in_force, note_of
from tuner.rules._rule import Rule
from tuner.rules._words import says
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

KEY = Key("net.netfilter.nf_conntrack_tcp_loose")
_SYNPROXY = r"syn-?proxy"


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where the key is 0 and no comment says SYNPROXY."""
    found = in_force(snapshot, policy, KEY, lambda number: number == 0)
    if found is None or says(_SYNPROXY, note_of(snapshot, KEY)):
        return
    routes = is_gateway(policy) or forwards(snapshot)
    yield RULE.finding(
        f"{found.lead}After a failover or a reload of the table every open connection is invalid "
        "and cut off; only SYNPROXY needs 0.",
        key=KEY,
        wanted="1",
        severity=Severity.WARNING if routes else Severity.NOTE,
        fix=Fix("1", safe=True),
    )


RULE = Rule(
    id="conntrack-not-loose",
    kind=Kind.HAZARD,
    severity=Severity.WARNING,
    confidence=Confidence.LIKELY,
    sources=(
        "linux v6.18 net/netfilter/nf_conntrack_proto_tcp.c tcp_new",
        "linux v6.18 Documentation/networking/nf_conntrack-sysctl.rst nf_conntrack_tcp_loose",
    ),
    doc=__doc__,
    check=check,
)
