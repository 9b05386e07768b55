"""A NAT forgets closed connections sooner than the hosts behind it do.

What it flags
    nf_conntrack_tcp_timeout_time_wait below 60: an error on a nat-gateway, a note on a host of
    another role that forwards packets.

Why it is wrong
    The side that closes first remembers a connection for 60 s. When the NAT forgets it sooner, it
    may give the same port to another client, whose SYN meets the server's TIME_WAIT entry: about
    every second such connection is delayed, and none gets through while tcp_rfc1337 is on. The key
    does not change TIME_WAIT on any host, which is what those who lower it often hope for.

Instead
    120, the default, which RFC 6888 asks of a NAT. A gateway that runs out of ports needs more
    addresses to translate to: each gives 537 connections a second to one destination.

Applies to
    Hosts that translate the addresses of others. On a host that only filters its own connections
    the entry says nothing about ports, and the rule is silent. Since Linux 6.5 a NAT that runs out
    of ports takes over those of closing connections anyway, whatever the key says.

Evidence
    linux nf_conntrack_proto_tcp.c, tcp_timeouts; RFC 6888 REQ-8. Measured on Linux 6.18: under a
    timeout of 2 the entry is gone after 2 s, while the server's TIME_WAIT has 58 s to go.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._formulas import TIME_WAIT, nat_connections_per_second
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

KEY = Key("net.netfilter.nf_conntrack_tcp_timeout_time_wait")
_FORWARD = Key("net.ipv4.ip_forward")
_DEFAULT = 120


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where a host that translates forgets sooner than 60 s."""
    gateway = "nat-gateway" in policy.lineage
    quarantine = snapshot.number(KEY)
    if quarantine is None or quarantine >= TIME_WAIT:
        return
    if not gateway and not snapshot.number(_FORWARD):
        return
    condition = "" if gateway else "If this host translates addresses, "
    verb = "The gateway" if gateway else "it"
    yield RULE.finding(
        f"{condition}{verb} gives a port to a new client {quarantine} s after the last connection, "
        f"and servers remember that one for {TIME_WAIT} s; {_DEFAULT} s still allow "
        f"{nat_connections_per_second(_DEFAULT)} connections a second per address and destination.",
        key=KEY,
        wanted=f"{_DEFAULT}",
        severity=Severity.ERROR if gateway else Severity.NOTE,
        confidence=Confidence.PROVEN if gateway else Confidence.POSSIBLE,
        fix=Fix(str(_DEFAULT), safe=False),
    )


RULE = Rule(
    id="nat-quarantine-short",
    kind=Kind.HAZARD,
    severity=Severity.ERROR,
    confidence=Confidence.PROVEN,
    sources=(
        "RFC 6888 REQ-8",
        "linux v6.18 net/netfilter/nf_conntrack_proto_tcp.c tcp_timeouts",
        "linux v6.18 net/netfilter/nf_nat_core.c nf_nat_used_tuple_harder",
    ),
    doc=__doc__,
    check=check,
)
