"""The local port range begins among the ports of services.

What it flags
    A range that begins below 10000 and whose service ports are not reserved, where no listener of
    this host is in it at the moment.

Why it is wrong
    Between 1024 and 10000 lie 3306, 5432, 6379, 8080, 9000 and most others that people choose. A
    service that is installed later, or was stopped when we looked, may find its port in the hands
    of an outgoing connection: it then fails to start with EADDRINUSE, once in many restarts.

Instead
    Begin at 10000: 55,536 ports are twice the default. Or put the ports of services into
    ip_local_reserved_ports.

Applies to
    Every kernel. Where a listener of this host lies in the range, port-range-swallows-listeners
    says so and this rule is silent; likewise where the common ports are reserved.

Evidence
    linux __inet_hash_connect(): every port of the range that is not reserved is a candidate.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._in_force import vector_in_force
from tuner.rules._rule import Rule
from tuner.rules._values import reserved_ports
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.forms import PORT_RANGE

_FIRST_FREE = 10000
_SERVICES = (1433, 1521, 2049, 3306, 5432, 5672, 6379, 8080, 8443, 9000, 9092, 9200)
_ENOUGH = 6  # of them reserved: somebody has thought of it


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where the range begins below 10000 and reserves next to nothing."""
    found = vector_in_force(
        snapshot,
        policy,
        PORT_RANGE,
        lambda given: len(given) == 2 and given[0] < _FIRST_FREE,  # noqa: PLR2004
    )
    if found is None:
        return
    low, high = found.numbers
    spans = reserved_ports(snapshot)

    def kept(port: int) -> bool:
        return any(first <= port <= last for first, last in spans)

    inside = [port for port in _SERVICES if low <= port <= high]
    if sum(kept(port) for port in inside) >= min(_ENOUGH, len(inside)):
        return
    listeners = snapshot.sockets.listeners if snapshot.sockets is not None else ()
    if found.live and any(low <= it.port <= high and not kept(it.port) for it in listeners):
        return
    named = ", ".join(str(port) for port in inside if not kept(port))
    yield RULE.finding(
        f"{found.lead}Ports from {low} on are given to outgoing connections, those of services "
        f"among them ({named}): one that starts later may find its port taken (EADDRINUSE).",
        key=PORT_RANGE,
        wanted=f"{_FIRST_FREE} 65535, or those ports reserved",
        fix=Fix(f"{_FIRST_FREE} {max(high, 60999)}", safe=True),
    )


RULE = Rule(
    id="port-range-from-services",
    kind=Kind.HAZARD,
    severity=Severity.NOTE,
    confidence=Confidence.LIKELY,
    sources=(
        "linux v6.18 net/ipv4/inet_hashtables.c __inet_hash_connect",
        "linux v6.18 Documentation/networking/ip-sysctl.rst ip_local_reserved_ports",
    ),
    doc=__doc__,
    check=check,
)
