"""The host answers pings to the broadcast address.

What it flags
    icmp_echo_ignore_broadcasts=0.

Why it is wrong
    One packet with a forged sender, sent to the broadcast address, makes every such host of the
    link answer the victim. That is the smurf attack of 1997, and the reason why the default has
    been 1 since Linux 2.6.

Instead
    1, the default.

Applies to
    Every kernel. A line that sets 1 repeats the default, and is not flagged here.

Evidence
    linux icmp_echo(), icmp_timestamp(); RFC 2644.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._in_force import in_force
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

KEY = Key("net.ipv4.icmp_echo_ignore_broadcasts")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where the key is 0."""
    found = in_force(snapshot, policy, KEY, lambda number: number == 0)
    if found is not None:
        yield RULE.finding(
            f"{found.lead}A forged packet to the broadcast address makes this host answer its "
            "victim.",
            key=KEY,
            wanted="1",
            fix=Fix("1", safe=True),
        )


RULE = Rule(
    id="broadcast-pings-answered",
    kind=Kind.HAZARD,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=(
        "RFC 2644",
        "linux v6.18 net/ipv4/icmp.c icmp_echo",
    ),
    doc=__doc__,
    check=check,
)
