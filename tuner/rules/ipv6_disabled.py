"""IPv6 is switched off.

What it flags
    net.ipv6.conf.all.disable_ipv6 or conf.default.disable_ipv6 of 1, by a line.

Why it is wrong
    It makes nothing faster. It takes ::1 away, which some programs listen on or connect to first,
    and addresses and routes of every interface; programs that open one socket for both families
    fail in their own ways. To prefer IPv4 there is gai.conf(5).

Instead
    0; or address selection in gai.conf(5).

Applies to
    Every kernel. Where the policy asks for it nothing is said.

Evidence
    linux addrconf_disable_ipv6().
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._in_force import in_force
from tuner.rules._rule import Rule
from tuner.rules._values import lines_for
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

_KEYS = ("net.ipv6.conf.all.disable_ipv6", "net.ipv6.conf.default.disable_ipv6")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield one finding, about the first of the keys that is on."""
    for name in _KEYS:
        key = Key(name)
        if not lines_for(snapshot, key):
            continue
        found = in_force(snapshot, policy, key, lambda number: number != 0)
        if found is not None:
            yield RULE.finding(
                f"{found.lead}It makes nothing faster, and takes ::1 and every IPv6 address away "
                "from programs that expect them.",
                key=key,
                wanted="0, or gai.conf(5) to prefer IPv4",
            )
            return


RULE = Rule(
    id="ipv6-disabled",
    kind=Kind.MYTH,
    severity=Severity.NOTE,
    confidence=Confidence.POSSIBLE,
    sources=(
        "linux v6.18 net/ipv6/addrconf.c addrconf_disable_ipv6",
        "gai.conf(5)",
    ),
    doc=__doc__,
    check=check,
)
