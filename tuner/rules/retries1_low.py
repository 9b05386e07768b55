"""tcp_retries1 is lowered to notice failures sooner.

What it flags
    tcp_retries1 below 3.

Why it is wrong
    After that many retransmissions the kernel asks the routing layer for a better path and may
    probe the MTU. It ends no connection and detects no failure: that is tcp_retries2. Lowered it
    only asks after a single loss.

Instead
    3, the default.

Applies to
    Every kernel.

Evidence
    linux tcp_write_timeout(); RFC 1122 section 4.2.3.5 has 3 as the least.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._in_force import in_force
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

KEY = Key("net.ipv4.tcp_retries1")
_DEFAULT = 3


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where the number is below 3."""
    found = in_force(snapshot, policy, KEY, lambda number: number < _DEFAULT)
    if found is not None:
        yield RULE.finding(
            f"{found.lead}{found.number} asks for another route after a single loss and ends no "
            "connection any sooner.",
            key=KEY,
            wanted=f"{_DEFAULT}, the kernel's default",
            fix=Fix(str(_DEFAULT), safe=True),
        )


RULE = Rule(
    id="retries1-low",
    kind=Kind.MYTH,
    severity=Severity.NOTE,
    confidence=Confidence.PROVEN,
    sources=(
        "RFC 1122 section 4.2.3.5",
        "linux v6.18 net/ipv4/tcp_timer.c tcp_write_timeout",
    ),
    doc=__doc__,
    check=check,
)
