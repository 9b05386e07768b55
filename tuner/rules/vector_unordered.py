"""The numbers of a triple are not in ascending order.

What it flags
    tcp_mem, tcp_rmem, tcp_wmem or udp_mem whose numbers do not rise from first to last.

Why it is wrong
    The kernel takes them as they come. tcp_mem with a middle number above the last refuses memory
    before it has ever held back; tcp_rmem with a middle number above the last starts every
    connection above its own ceiling.

Instead
    Least, start or pressure, most: in this order.

Applies to
    Every kernel.

Evidence
    linux proc_dointvec_minmax() looks at each number alone. Measured on Linux 6.18: any order is
    taken.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._in_force import vector_in_force
from tuner.rules._rule import Rule
from tuner.rules._vectors import LARGEST_START, mended
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

_MEANINGS = {
    "net.ipv4.tcp_mem": "memory is refused before buffers are ever held back",
    "net.ipv4.udp_mem": "memory is refused before buffers are ever held back",
    "net.ipv4.tcp_rmem": "receive buffers start above their own ceiling",
    "net.ipv4.tcp_wmem": "send buffers start above their own ceiling",
}


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding for every triple that does not rise."""
    for name, meaning in _MEANINGS.items():
        key = Key(name)
        found = vector_in_force(snapshot, policy, key, lambda given: list(given) != sorted(given))
        if found is None:
            continue
        cure = (
            mended(snapshot, key, found.numbers)
            if key in LARGEST_START
            else " ".join(map(str, sorted(found.numbers)))
        )
        yield RULE.finding(
            f"{found.lead}{' '.join(map(str, found.numbers))} does not rise, and {meaning}.",
            key=key,
            wanted="three numbers in ascending order",
            fix=Fix(cure, safe=True),
        )


RULE = Rule(
    id="vector-unordered",
    kind=Kind.HAZARD,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=(
        "linux v6.18 net/ipv4/sysctl_net_ipv4.c ipv4_net_table",
        "linux v6.18 Documentation/networking/ip-sysctl.rst tcp_mem",
    ),
    doc=__doc__,
    check=check,
)
