"""Idle connections lose their firewall entry within the hour.

What it flags
    nf_conntrack_tcp_timeout_established below 7440: a warning on a nat-gateway or a host that
    forwards, a note elsewhere where nf_conntrack_tcp_loose is 0.

Why it is wrong
    A connection without traffic for that long loses its entry. Behind a NAT the next packet then
    has no translation and is dropped or reset; programs that trust keep-alive probes every two
    hours, the default everywhere, are cut off without a word. RFC 5382 therefore asks for 2 hours 4
    minutes.

Instead
    7440 to 86400. A table that fills up wants a larger nf_conntrack_max first.

Applies to
    Hosts that forward or translate. On a host that filters only its own connections
    nf_conntrack_tcp_loose=1, the default, picks them up again, and nothing is said.

Evidence
    RFC 5382 REQ-5; linux tcp_timeouts[], nf_conntrack_tcp_loose.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._hosts import forwards, is_gateway
from tuner.rules._in_force import in_force
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key
from tuner.sysctl.value import parse_value

KEY = Key("net.netfilter.nf_conntrack_tcp_timeout_established")
_LOOSE = Key("net.netfilter.nf_conntrack_tcp_loose")
_LEAST = 7440
_BETTER = "86400"


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where idle connections are forgotten early and it matters."""
    found = in_force(snapshot, policy, KEY, lambda number: number < _LEAST)
    if found is None:
        return
    routes = is_gateway(policy) or forwards(snapshot)
    if not routes and snapshot.reading(_LOOSE) != parse_value("0"):
        return
    yield RULE.finding(
        f"{found.lead}A connection that is idle for {found.number:,} s loses its entry, and its "
        "next packet is dropped; keep-alive probes come every 7200 s by default.",
        key=KEY,
        wanted=f"at least {_LEAST}",
        severity=Severity.WARNING if routes else Severity.NOTE,
        fix=Fix(_BETTER, safe=True),
    )


RULE = Rule(
    id="conntrack-established-short",
    kind=Kind.HAZARD,
    severity=Severity.WARNING,
    confidence=Confidence.LIKELY,
    sources=(
        "RFC 5382 REQ-5",
        "linux v6.18 net/netfilter/nf_conntrack_proto_tcp.c tcp_timeouts",
    ),
    doc=__doc__,
    check=check,
)
