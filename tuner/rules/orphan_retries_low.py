"""Closed sockets give up their last data within seconds.

What it flags
    tcp_orphan_retries of 1, 2 or 3.

Why it is wrong
    When a program closes a connection whose last data is not acknowledged yet, the kernel goes on
    sending for it. 1 allows that for 0.6 s, 3 for 3 s: one lost packet and its repeat cost the
    client the end of its answer. The default, 0, does not mean "never": the kernel reads it as 8,
    which is 102 s.

Instead
    0, the default.

Applies to
    Every kernel. 4 and more are not flagged.

Evidence
    linux tcp_orphan_retries(), tcp_model_timeout().
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._formulas import retries_seconds
from tuner.rules._in_force import in_force
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

KEY = Key("net.ipv4.tcp_orphan_retries")
_FEW = 3


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where the number is 1 to 3."""
    found = in_force(snapshot, policy, KEY, lambda number: 0 < number <= _FEW)
    if found is None:
        return
    yield RULE.finding(
        f"{found.lead}Unacknowledged data of a closed socket is given up after "
        f"{retries_seconds(found.number):.1f} s, so that clients on a lossy path lose the end of "
        f"their answers; 0 means 8, which is {retries_seconds(8):.0f} s.",
        key=KEY,
        wanted="0, the kernel's default",
        fix=Fix("0", safe=True),
    )


RULE = Rule(
    id="orphan-retries-low",
    kind=Kind.HAZARD,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=(
        "linux v6.18 net/ipv4/tcp_timer.c tcp_orphan_retries",
        "linux v6.18 net/ipv4/tcp_timer.c tcp_model_timeout",
    ),
    doc=__doc__,
    check=check,
)
