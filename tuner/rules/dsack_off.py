"""Duplicate SACK is off.

What it flags
    tcp_dsack=0, now or after the next boot.

Why it is wrong
    D-SACK tells the sender that a retransmission was not needed. Without it the sender cannot take
    back the slow-down that followed, and takes reordering for loss.

Instead
    1, the default.

Applies to
    Every kernel; without tcp_sack it does nothing, and then sack-off says what matters.

Evidence
    RFC 2883; linux tcp_dsack_set().
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._in_force import in_force
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key
from tuner.sysctl.value import parse_value

KEY = Key("net.ipv4.tcp_dsack")
_SACK = Key("net.ipv4.tcp_sack")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where the key is 0 and SACK itself is on."""
    found = in_force(snapshot, policy, KEY, lambda number: number == 0)
    if found is not None and snapshot.reading(_SACK) != parse_value("0"):
        yield RULE.finding(
            f"{found.lead}Without D-SACK a sender cannot tell that a retransmission was needless, "
            "and stays slow after reordering.",
            key=KEY,
            wanted="1",
            fix=Fix("1", safe=True),
        )


RULE = Rule(
    id="dsack-off",
    kind=Kind.HAZARD,
    severity=Severity.NOTE,
    confidence=Confidence.PROVEN,
    sources=(
        "RFC 2883",
        "linux v6.18 net/ipv4/tcp_input.c tcp_dsack_set",
    ),
    doc=__doc__,
    check=check,
)
