"""Every outgoing connection asks for ECN.

What it flags
    tcp_ecn=1, where the policy does not ask for it.

Why it is wrong
    1 asks for explicit congestion notification on connections that this host opens; 2, the default,
    grants it to those who ask. It makes nothing faster by itself: it spares a loss where a router
    on the path marks packets. Some middleboxes drop a SYN that asks; the kernel then tries again
    without, a second later, unless tcp_ecn_fallback is 0.

Instead
    2, unless the path is known to mark packets.

Applies to
    Every kernel. A warning where the fall-back is off (tcp_ecn_fallback, since Linux 4.2); else a
    note. 0 is not flagged.

Evidence
    RFC 3168; linux ip-sysctl.rst, tcp_ecn and tcp_ecn_fallback.
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

KEY = Key("net.ipv4.tcp_ecn")
_FALLBACK = Key("net.ipv4.tcp_ecn_fallback")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where the key is 1."""
    found = in_force(snapshot, policy, KEY, lambda number: number == 1)
    if found is None:
        return
    alone = snapshot.reading(_FALLBACK) == parse_value("0")
    effect = (
        "and with tcp_ecn_fallback=0 a path that drops such SYNs is never tried without"
        if alone
        else "which helps only where routers mark packets, and costs a second where a middlebox "
        "drops such SYNs"
    )
    yield RULE.finding(
        f"{found.lead}1 asks for ECN on every outgoing connection, {effect}.",
        key=KEY,
        wanted="2, the kernel's default",
        severity=Severity.WARNING if alone else Severity.NOTE,
        confidence=Confidence.POSSIBLE,
        fix=Fix("2", safe=True),
    )


RULE = Rule(
    id="ecn-requested",
    kind=Kind.MYTH,
    severity=Severity.NOTE,
    confidence=Confidence.POSSIBLE,
    sources=(
        "RFC 3168",
        "linux v6.18 Documentation/networking/ip-sysctl.rst tcp_ecn",
    ),
    doc=__doc__,
    check=check,
)
