"""Selective acknowledgements are off.

What it flags
    tcp_sack=0, now or after the next boot.

Why it is wrong
    Without SACK a sender learns of one hole per round trip. Each further loss in a window costs a
    round trip or a timeout, on every connection, in both directions. It was switched off in 2019
    because of CVE-2019-11477 (SACK Panic), which kernels have had fixed since June of that year.

Instead
    1, the default.

Applies to
    Every kernel.

Evidence
    linux commit 3b4929f65b0d fixed CVE-2019-11477 in 5.2 and in the stable releases of that week;
    RFC 2018.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._in_force import in_force, note_of
from tuner.rules._rule import Rule
from tuner.rules._words import says
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

KEY = Key("net.ipv4.tcp_sack")
_CVE = r"cve|11477|panic|vulnerab|secur|취약|漏洞|уязвим|kerentanan"


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where the key is 0."""
    found = in_force(snapshot, policy, KEY, lambda number: number == 0)
    if found is None:
        return
    fixed = (
        " SACK Panic (CVE-2019-11477), the reason given, is fixed in this kernel."
        if says(_CVE, note_of(snapshot, KEY)) and snapshot.kernel.at_least(5, 2)
        else ""
    )
    yield RULE.finding(
        f"{found.lead}Without SACK each further loss in a window costs every connection a round "
        f"trip or a timeout.{fixed}",
        key=KEY,
        wanted="1",
        fix=Fix("1", safe=True),
    )


RULE = Rule(
    id="sack-off",
    kind=Kind.HAZARD,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=(
        "RFC 2018",
        "linux@3b4929f65b0d",
        "linux v6.18 Documentation/networking/ip-sysctl.rst tcp_sack",
    ),
    doc=__doc__,
    check=check,
)
