"""Path MTU discovery is off.

What it flags
    ip_no_pmtu_disc of 1 to 3.

Why it is wrong
    1 sends every packet without the "do not fragment" bit and answers "fragmentation needed" with a
    smaller MTU for the whole destination; 2 and 3 are special cases of it. It is a remedy for a
    path where somebody drops ICMP, and makes routers fragment everything else: slower, and blocked
    by many firewalls.

Instead
    0, the default. Where ICMP is dropped, tcp_mtu_probing=1 finds the size by itself, and a router
    can clamp the MSS.

Applies to
    Every kernel.

Evidence
    linux ip_sk_use_pmtu(), __ip_rt_update_pmtu(); RFC 4821 for probing.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._in_force import in_force
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

KEY = Key("net.ipv4.ip_no_pmtu_disc")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where the key is on."""
    found = in_force(snapshot, policy, KEY, lambda number: number != 0)
    if found is not None:
        yield RULE.finding(
            f"{found.lead}{found.number} lets routers fragment what this host sends; where ICMP is "
            "dropped tcp_mtu_probing=1 mends it better.",
            key=KEY,
            wanted="0",
            fix=Fix("0", safe=True),
        )


RULE = Rule(
    id="path-mtu-ignored",
    kind=Kind.HAZARD,
    severity=Severity.WARNING,
    confidence=Confidence.LIKELY,
    sources=(
        "RFC 4821",
        "linux v6.18 Documentation/networking/ip-sysctl.rst ip_no_pmtu_disc",
    ),
    doc=__doc__,
    check=check,
)
