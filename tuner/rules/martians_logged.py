"""Impossible addresses are logged on every interface.

What it flags
    conf.all.log_martians of 1, by a line.

Why it is wrong
    On a link that is shared with others, or behind a gateway that mirrors broadcasts, the log fills
    with packets that concern nobody; it is limited in rate, not in size. It protects from nothing:
    the packets are dropped with 0 as well.

Instead
    0, the default; 1 while one looks for a routing mistake.

Applies to
    Hosts whose files set it. Hardening guides ask for 1: then write it into a profile.

Evidence
    linux ip_handle_martian_source(): it logs, and drops in either case.
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

KEY = Key("net.ipv4.conf.all.log_martians")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where a line switches it on."""
    if not lines_for(snapshot, KEY):
        return
    found = in_force(snapshot, policy, KEY, lambda number: number != 0)
    if found is not None:
        yield RULE.finding(
            f"{found.lead}Packets with impossible addresses are dropped either way; logging them "
            "fills the log on a shared link.",
            key=KEY,
            wanted="0, or a profile that asks for it",
            fix=Fix("0", safe=True),
        )


RULE = Rule(
    id="martians-logged",
    kind=Kind.MYTH,
    severity=Severity.NOTE,
    confidence=Confidence.POSSIBLE,
    sources=("linux v6.18 net/ipv4/route.c ip_handle_martian_source",),
    doc=__doc__,
    check=check,
)
