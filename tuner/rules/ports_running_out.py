"""Outgoing connections to one destination use up the local ports.

What it flags
    Connections in any state from one local address to one remote address and port that are half of
    the usable ports or more: a warning; from 85 % on an error. TIME_WAIT entries that tcp_tw_reuse
    lets the kernel use again are not counted.

Why it is wrong
    From half of the range on connect() searches long, since Linux 4.6: 24-32 µs become
    milliseconds. When the range is full it fails with EADDRNOTAVAIL, or EADDRINUSE in programs that
    bind first; the kernel counts neither. A client that closes first holds each port for 60 s, so
    that P ports allow P/60 new connections a second: 470 by default.

Instead
    In this order: keep connections open (keep-alive, pooling, multiplexing); let the server close,
    whose TIME_WAIT needs no port of this host; more addresses or ports at the destination, or more
    addresses here, each of which multiplies the number; tcp_tw_reuse=1, where timestamps are on at
    both ends; a wider ip_local_port_range.

Applies to
    Hosts whose sockets could be seen one by one. Many TIME_WAIT entries alone are nothing: inbound
    ones share the listener's port, and outbound ones count towards each destination apart.

Evidence
    The sockets of the moment, counted by local address, remote address and remote port, against
    ip_local_port_range less reserved ports. Measured on Linux 6.18: 64 ports allow 64 connections
    to one destination, and 64 more to another.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._formulas import DEFAULT_PORTS, connections_per_second, usable_ports
from tuner.rules._rule import Rule
from tuner.rules._values import port_range, reserved_ports
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.forms import PORT_RANGE
from tuner.sysctl.key import Key

_REUSE = Key("net.ipv4.tcp_tw_reuse")
_TIMESTAMPS = Key("net.ipv4.tcp_timestamps")
_HALF, _NEAR = 0.5, 0.85
_LEAST = 16  # connections: a range of ten ports is a test's
_MOST_FINDINGS = 5
_WIDE = (10000, 65535)
_ALL, _LOOPBACK = 1, 2


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for each destination, the fullest first."""
    limits = port_range(snapshot)
    if limits is None:
        return
    usable = usable_ports(*limits, reserved_ports(snapshot))
    reuse = snapshot.number(_REUSE) or 0
    stamps = snapshot.number(_TIMESTAMPS) != 0
    found = []
    for (local, remote, port), states in snapshot.require_sockets().destinations.items():
        if sum(states.values()) < _LEAST:
            continue
        loopback = local.startswith("127.") or local == "::1"
        frees = stamps and (reuse == _ALL or (reuse == _LOOPBACK and loopback))
        waiting = states.get("TIME-WAIT", 0)
        taken = sum(states.values()) - (waiting if frees else 0)
        if taken >= _LEAST and taken >= _HALF * usable:
            found.append((taken, waiting, f"{local} to {remote} port {port}", frees))
    found.sort(key=lambda item: (-item[0], item[2]))
    by_parity = snapshot.kernel.at_least(4, 6)
    searches = f"searches long from {usable // 2:,} on" if by_parity else "searches ever longer"
    for taken, waiting, where, frees in found[:_MOST_FINDINGS]:
        key, fix, cure = _cure(limits, taken, waiting, reuse=frees or not stamps)
        yield RULE.finding(
            f"{taken:,} of {usable:,} ports from {where} are in use, {waiting:,} of them in "
            f"TIME_WAIT; connect() {searches} and fails at {usable:,}. Closing first, {usable:,} "
            f"ports allow {connections_per_second(usable):,} new connections a second. Keep them "
            f"open, or let the server close; then {cure}.",
            key=key,
            wanted="fewer connections, or more ports for them",
            severity=Severity.ERROR if taken >= _NEAR * usable else Severity.WARNING,
            fix=fix,
        )


def _cure(
    limits: tuple[int, int], taken: int, waiting: int, *, reuse: bool
) -> tuple[Key, Fix | None, str]:
    """Return the setting that helps most here, its value, and the same in words."""
    if usable_ports(*limits) < DEFAULT_PORTS:
        cure = f"the default range has {DEFAULT_PORTS:,} ports"
        return PORT_RANGE, Fix("32768 60999", safe=True), cure
    if waiting * 2 >= taken and not reuse:
        return _REUSE, Fix("1", safe=True), "tcp_tw_reuse=1 frees a port after a second"
    if usable_ports(*limits) <= DEFAULT_PORTS:
        wide = usable_ports(*_WIDE)
        return (
            PORT_RANGE,
            Fix("10000 65535", safe=True),
            f"a range of 10000 to 65535 has {wide:,} ports",
        )
    return PORT_RANGE, None, "more addresses or ports at either end multiply them"


RULE = Rule(
    id="ports-running-out",
    kind=Kind.PRESSURE,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=(
        "linux v6.18 net/ipv4/inet_hashtables.c __inet_hash_connect",
        "linux@1580ab63fc9a",
        "linux v6.18 Documentation/networking/ip-sysctl.rst ip_local_port_range",
    ),
    doc=__doc__,
    check=check,
)
