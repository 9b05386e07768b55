"""The host does not answer to ping.

What it flags
    icmp_echo_ignore_all=1.

Why it is wrong
    Monitoring, balancers and whoever looks for the fault at night take the host for dead. It hides
    nothing: a port scan finds it all the same, and path MTU discovery needs other ICMP messages
    than these.

Instead
    0, the default; icmp_ratelimit bounds what strangers may cause.

Applies to
    Every kernel. icmp_echo_ignore_broadcasts=1 is the default and not flagged.

Evidence
    linux icmp_echo().
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._in_force import in_force
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

KEY = Key("net.ipv4.icmp_echo_ignore_all")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where the key is on."""
    found = in_force(snapshot, policy, KEY, lambda number: number != 0)
    if found is not None:
        yield RULE.finding(
            f"{found.lead}Monitoring and people take the host for dead, and scanners find it all "
            "the same.",
            key=KEY,
            wanted="0",
            fix=Fix("0", safe=True),
        )


RULE = Rule(
    id="ping-ignored",
    kind=Kind.HAZARD,
    severity=Severity.NOTE,
    confidence=Confidence.PROVEN,
    sources=("linux v6.18 net/ipv4/icmp.c icmp_echo",),
    doc=__doc__,
    check=check,
)
