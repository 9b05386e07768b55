"""Both ends of the local port range are even, or both odd.

What it flags
    A range with an odd number of ports, on Linux 4.2 and later, that somebody chose.

Why it is wrong
    connect() takes ports in pairs from the first one on (since 4.6), so that the last port of such
    a range is never used; the kernel says "prefer different parity for start/end values" when it is
    set. It costs one port of many thousands, and a line in the log at every boot.

Instead
    One port more or less at either end, 65535 instead of 65000 or 65534.

Applies to
    Linux 4.2 and later. The default of older kernels, 32768 to 61000, is not flagged.

Evidence
    linux __inet_hash_connect(). Measured on Linux 6.18: 46000 to 46010 gives 10 ports.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._in_force import vector_in_force
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.forms import PORT_RANGE

_LAST = 65535


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where the number of ports is odd."""
    if not snapshot.kernel.at_least(4, 2):
        return
    found = vector_in_force(
        snapshot,
        policy,
        PORT_RANGE,
        lambda given: len(given) == 2 and given[0] < given[1] and (given[1] - given[0]) % 2 == 0,  # noqa: PLR2004
    )
    if found is None:
        return
    low, high = found.numbers
    better = f"{low} {high + 1 if high < _LAST else high - 1}"
    yield RULE.finding(
        f"{found.lead}{low} and {high} have the same parity: the last port is never used, and the "
        "kernel complains in its log.",
        key=PORT_RANGE,
        wanted=better,
        fix=Fix(better, safe=True),
    )


RULE = Rule(
    id="port-range-same-parity",
    kind=Kind.HAZARD,
    severity=Severity.NOTE,
    confidence=Confidence.PROVEN,
    sources=(
        "linux v6.18 net/ipv4/sysctl_net_ipv4.c set_local_port_range",
        "linux v6.18 net/ipv4/inet_hashtables.c __inet_hash_connect",
    ),
    doc=__doc__,
    check=check,
)
