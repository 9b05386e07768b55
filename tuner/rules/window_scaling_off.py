"""TCP window scaling is off.

What it flags
    tcp_window_scaling=0, now or after the next boot.

Why it is wrong
    No connection can then have more than 64 KiB under way: at a round trip of 100 ms that is 5
    Mbit/s, whatever the path could carry and whatever the buffers allow.

Instead
    1, the default.

Applies to
    Every kernel. It takes effect for new connections, and where the peer offers it too.

Evidence
    RFC 7323; the window is 65,535 bytes a round trip without the option.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._in_force import in_force
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

KEY = Key("net.ipv4.tcp_window_scaling")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where the key is 0."""
    found = in_force(snapshot, policy, KEY, lambda number: number == 0)
    if found is not None:
        yield RULE.finding(
            f"{found.lead}Without window scaling no connection has more than 64 KiB under way, "
            "5 Mbit/s at a round trip of 100 ms.",
            key=KEY,
            wanted="1",
            fix=Fix("1", safe=True),
        )


RULE = Rule(
    id="window-scaling-off",
    kind=Kind.HAZARD,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=(
        "RFC 7323",
        "linux v6.18 net/ipv4/tcp_output.c tcp_select_initial_window",
    ),
    doc=__doc__,
    check=check,
)
