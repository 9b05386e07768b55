"""There are fewer local ports than the kernel gives by default.

What it flags
    A range with fewer than 28,232 usable ports, or reserved ports that take more than a tenth of
    that away: a warning, or a note on a host that is a server only.

Why it is wrong
    A client that closes first may open P/60 connections a second to one destination: 470 with the
    default. connect() slows down from half of that, because it searches ports of one parity first
    and the rest after them: 24 µs become milliseconds. Past the limit it fails with EADDRNOTAVAIL,
    for which the kernel has no counter.

Instead
    32768 to 60999 is the default. 10000 to 65535 nearly doubles it; ports of services inside the
    range then belong into ip_local_reserved_ports.

Applies to
    Connections that the host itself opens, over IPv4 and IPv6, TCP and UDP. It does not limit
    accepted connections, and netfilter's address translation does not use it. A range whose ends
    have the same parity loses its last port, and a few reserved ports take little: neither is
    flagged.

Evidence
    linux __inet_hash_connect(). Measured on Linux 6.18: 64 ports allow 64 connections, reserved
    ones none; 46000 to 46010 allows 10; connect() takes 24-32 µs below half and 2.3-4.5 ms above.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._formulas import (
    DEFAULT_PORTS,
    connections_per_second,
    usable_ports,
)
from tuner.rules._rule import Rule
from tuner.rules._values import RESERVED_PORTS, endorsed, port_range, reserved_ports
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.forms import PORT_RANGE

_SERVERS = {"public-server", "internal-server"}
_DEFAULT = "32768 60999"


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where clearly fewer ports are usable than by default."""
    limits = port_range(snapshot)
    if limits is None:
        return
    low, high = limits
    reserved = reserved_ports(snapshot)
    whole, usable = usable_ports(low, high), usable_ports(low, high, reserved)
    narrow = whole < DEFAULT_PORTS
    if not narrow and usable >= DEFAULT_PORTS * 9 // 10:
        return
    if narrow and endorsed(snapshot, policy, PORT_RANGE):
        return
    server = bool(policy.lineage & _SERVERS) and "client-heavy" not in policy.lineage
    taken = f" ({whole - usable:,} of the range are reserved)" if usable < whole else ""
    yield RULE.finding(
        f"{usable:,} usable ports{taken} allow {connections_per_second(usable):,} new connections "
        f"a second to one destination, the default {DEFAULT_PORTS:,} allow "
        f"{connections_per_second(DEFAULT_PORTS)}.",
        key=PORT_RANGE if narrow else RESERVED_PORTS,
        wanted=f"at least {DEFAULT_PORTS} usable ports",
        severity=Severity.NOTE if server else Severity.WARNING,
        fix=Fix(_DEFAULT, safe=True) if narrow else None,
    )


RULE = Rule(
    id="port-range-narrow",
    kind=Kind.HAZARD,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=(
        "linux v6.18 net/ipv4/inet_hashtables.c __inet_hash_connect",
        "linux v6.18 Documentation/networking/ip-sysctl.rst ip_local_port_range",
    ),
    doc=__doc__,
    check=check,
)
