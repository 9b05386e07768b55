"""tcp_tw_reuse is switched off, below what the kernel does by default.

What it flags
    tcp_tw_reuse=0 on a kernel whose default is 2.

Why it is wrong
    Since Linux 4.18 connections over loopback addresses may take a port again after a second: that
    is what 2, the default, means. 0 takes it away, and a proxy or application that talks to a
    program on the same host runs out of ports at 470 connections a second. The reason given for 0,
    that reuse were dangerous, does not hold: the kernel reuses an entry only where timestamps tell
    the old connection from the new one.

Instead
    2, the default; 1 on a host that opens many connections to few destinations, for which see
    ports-running-out.

Applies to
    Linux 4.18 and later. Up to 4.17 the default is 0, and 0 there is not flagged.

Evidence
    linux commit 79e9fed46038. Measured on Linux 6.18: with 0 a client on 127.0.0.1 finds no port
    where one with 2 connects; timestamps off makes both alike.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._in_force import default_of, in_force
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

KEY = Key("net.ipv4.tcp_tw_reuse")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where the key is 0 and the kernel would have 2."""
    default = default_of(snapshot, KEY)
    if default is None or default.int() != 2:  # noqa: PLR2004 - loopback only
        return
    found = in_force(snapshot, policy, KEY, lambda number: number == 0)
    if found is None:
        return
    yield RULE.finding(
        f"{found.lead}0 takes away what the kernel allows by default, to use a port of a loopback "
        "connection again after a second; reuse rests on timestamps and is safe.",
        key=KEY,
        wanted="2, the kernel's default",
        fix=Fix("2", safe=True),
    )


RULE = Rule(
    id="tw-reuse-off",
    kind=Kind.MYTH,
    severity=Severity.NOTE,
    confidence=Confidence.PROVEN,
    sources=(
        "linux@79e9fed46038",
        "linux v6.18 net/ipv4/tcp_ipv4.c tcp_twsk_unique",
    ),
    doc=__doc__,
    check=check,
)
