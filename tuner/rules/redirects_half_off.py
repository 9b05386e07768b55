"""ICMP redirects are refused for all interfaces and accepted on each.

What it flags
    A host that does not forward, with conf.all.accept_redirects at 0 and an interface at 1.

Why it is wrong
    On a host that does not forward, a redirect is accepted when either of the two says so: 0 for
    all alone switches nothing off. Anybody on the same link may then send this host's traffic
    elsewhere.

Instead
    0 for conf.all, conf.default and every interface.

Applies to
    Hosts that do not forward; on a router both must say 1, and 0 for all is enough. Nothing is said
    where both are 1, the kernel's default: then nobody believes it off.

Evidence
    linux IN_DEV_RX_REDIRECTS().
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._hosts import few, forwards
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key
from tuner.sysctl.value import parse_value

_ALL = Key("net.ipv4.conf.all.accept_redirects")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield one finding that names the interfaces."""
    if snapshot.number(_ALL) != 0 or forwards(snapshot):
        return
    one = parse_value("1")
    still = [
        name
        for name in snapshot.interfaces
        if snapshot.reading(Key(f"net.ipv4.conf.{name}.accept_redirects")) == one
    ]
    if still:
        yield RULE.finding(
            f"Redirects are still accepted on {few(still)}: on a host that does not forward either "
            "value is enough.",
            key=Key(f"net.ipv4.conf.{still[0]}.accept_redirects"),
            wanted="0 for conf.default and every interface too",
            fix=Fix("0", safe=True),
        )


RULE = Rule(
    id="redirects-half-off",
    kind=Kind.HAZARD,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=("linux v6.18 include/linux/inetdevice.h IN_DEV_RX_REDIRECTS",),
    doc=__doc__,
    check=check,
)
