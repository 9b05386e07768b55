"""The local port range includes the ports of services.

What it flags
    Listeners on ports below 32768 that lie in ip_local_port_range and are not reserved.

Why it is wrong
    While the service runs, nothing happens. When it restarts, an outgoing connection may have been
    given its port in between: the service then fails to start with EADDRINUSE, once in many
    restarts, and starts when somebody looks.

Instead
    Reserve the ports in ip_local_reserved_ports: the kernel then gives them to nobody by itself,
    and the service may still bind them. Or begin the range above the services.

Applies to
    Ranges that begin below 32768, where the default one begins. Listeners above that are left out:
    most of them have a port that the kernel itself chose (rpcbind's services, FTP data), and such a
    port is no service's own.

Evidence
    The listeners of the moment, the range and the reserved ports. Measured on Linux 6.18: reserved
    ports leave the automatic choice, and an explicit bind() to one still succeeds.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._rule import Rule
from tuner.rules._values import RESERVED_PORTS, port_range, reserved_ports
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.numbers import print_ports

_DEFAULT_LOW = 32768
_NAMED = 6  # ports in the message


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield one finding that names the listeners in the range."""
    limits = port_range(snapshot)
    if limits is None:
        return
    low, high = limits
    if low >= _DEFAULT_LOW:
        return
    reserved = reserved_ports(snapshot)
    ports = sorted(
        {
            listener.port
            for listener in snapshot.require_sockets().listeners
            if low <= listener.port <= min(high, _DEFAULT_LOW - 1)
            and not any(first <= listener.port <= last for first, last in reserved)
        }
    )
    if not ports:
        return
    cure = print_ports([*reserved, *((port, port) for port in ports)])
    yield RULE.finding(
        f"ip_local_port_range {low} {high} includes the {_in_words(ports)}: after a restart the "
        "service may find its port taken by an outgoing connection (EADDRINUSE).",
        key=RESERVED_PORTS,
        wanted=cure,
        fix=Fix(cure, safe=True),
    )


def _in_words(ports: list[int]) -> str:
    named = ", ".join(map(str, ports[:_NAMED]))
    more = f" and {len(ports) - _NAMED} more" if len(ports) > _NAMED else ""
    return f"listening port {named}" if len(ports) == 1 else f"listening ports {named}{more}"


RULE = Rule(
    id="port-range-swallows-listeners",
    kind=Kind.HAZARD,
    severity=Severity.WARNING,
    confidence=Confidence.LIKELY,
    sources=(
        "linux v6.18 net/ipv4/inet_hashtables.c __inet_hash_connect",
        "linux v6.18 Documentation/networking/ip-sysctl.rst ip_local_reserved_ports",
    ),
    doc=__doc__,
    check=check,
)
