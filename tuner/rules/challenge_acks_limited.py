"""Challenge acknowledgements have a limit again.

What it flags
    A line that sets tcp_challenge_ack_limit on Linux 6.0 or later.

Why it is wrong
    The limit was shared by all connections of a host, and counting its answers let a stranger find
    out whether two others were connected (CVE-2016-5696). The remedy of that year was a huge
    number; since 6.0 there is no limit by default, and any line brings one back.

Instead
    No such line.

Applies to
    Linux 6.0 and later. Before, a large number is the remedy and is not flagged.

Evidence
    linux tcp_send_challenge_ack(); ip-sysctl.rst: "probably should not be enabled".
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._in_force import in_force
from tuner.rules._rule import Rule
from tuner.rules._values import lines_for
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

KEY = Key("net.ipv4.tcp_challenge_ack_limit")
_NONE = (1 << 31) - 1


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where a line brings the limit back."""
    if not snapshot.kernel.at_least(6, 0) or not lines_for(snapshot, KEY):
        return
    found = in_force(snapshot, policy, KEY, lambda number: number < _NONE)
    if found is not None:
        yield RULE.finding(
            f"{found.lead}Since Linux 6.0 there is no limit by default; {found.number:,} a second, "
            "shared by all connections, tells strangers who is connected (CVE-2016-5696).",
            key=KEY,
            wanted="no such line",
            fix=Fix(str(_NONE), safe=True),
        )


RULE = Rule(
    id="challenge-acks-limited",
    kind=Kind.MYTH,
    severity=Severity.NOTE,
    confidence=Confidence.PROVEN,
    sources=(
        "linux v6.18 net/ipv4/tcp_input.c tcp_send_challenge_ack",
        "linux v6.18 Documentation/networking/ip-sysctl.rst tcp_challenge_ack_limit",
    ),
    doc=__doc__,
    check=check,
)
