"""tcp_tw_reuse=2 is taken for a stronger 1.

What it flags
    A line that sets tcp_tw_reuse to 2 and whose comment speaks of more, faster, aggressive or full
    reuse, or of outgoing connections to other hosts.

Why it is wrong
    The three values are not steps: 0 is off, 1 is on for every outgoing connection, and 2 is on for
    loopback addresses only. 2 is the kernel's own default since Linux 4.18, so the line does
    nothing that it was written for.

Instead
    1 where connections to other hosts run out of ports; else no line at all.

Applies to
    Every kernel that knows 2 (4.18 on). A line with 2 whose comment says nothing of the kind is
    left to the eye: it repeats the default.

Evidence
    linux tcp_twsk_unique(): 2 asks for a loopback address at either end. Measured on Linux 6.18
    over twelve combinations: 2 succeeds on 127.0.0.0/8 alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._rule import Rule
from tuner.rules._values import lines_for
from tuner.rules._words import believes, says
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key
from tuner.sysctl.value import parse_value

KEY = Key("net.ipv4.tcp_tw_reuse")
_MORE = (
    r"aggress|strong|fast|more\b|full|all\b|outgoing|every|激进|更|全部|적극|모든|강|агрессив|все"
    r"|agresi|semua|lebih|todas|más"
)
_LOOPBACK = r"loopback|\blo\b|local|127|회환|루프백|环回|петл"


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for a line that sets 2 and expects more of it."""
    if snapshot.number(KEY) is None or not snapshot.kernel.at_least(4, 18):
        return
    for line in lines_for(snapshot, KEY):
        given = parse_value(line.effective or "").written
        if given != (2,) or says(_LOOPBACK, line.note) or not believes(line.note, _MORE):
            continue
        yield RULE.finding(
            "2 is not more than 1: it reuses ports of loopback connections only, which the kernel "
            "does by default; connections to other hosts need 1.",
            key=KEY,
            wanted="1, or no such line",
            at=line,
        )
        return


RULE = Rule(
    id="tw-reuse-two-as-more",
    kind=Kind.MYTH,
    severity=Severity.NOTE,
    confidence=Confidence.LIKELY,
    sources=(
        "linux@79e9fed46038",
        "linux v6.18 Documentation/networking/ip-sysctl.rst tcp_tw_reuse",
    ),
    doc=__doc__,
    check=check,
)
