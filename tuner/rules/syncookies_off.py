"""SYN cookies are off.

What it flags
    tcp_syncookies=0: an error on a public-server or a host that the Internet reaches, else a
    warning.

Why it is wrong
    When a listener's queue of half-open connections is full, the kernel answers with a cookie and
    keeps nothing. With 0 it drops the SYN instead: a few hundred forged SYNs a second, or a burst
    after an outage, keep every real client out. Cookies are not sent before the queue is full, so
    that 1 costs a healthy host nothing.

Instead
    1, the default.

Applies to
    Every kernel. The reason often given for 0, that cookies lose window scaling and SACK, holds
    only for connections that would have been dropped, and not for clients with timestamps.

Evidence
    linux tcp_conn_request(). Measured on Linux 6.18 with a flood of 100 SYNs: a new client gets in
    with 1 and 2, and does not with 0.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._growth import events
from tuner.rules._in_force import in_force
from tuner.rules._rule import Rule
from tuner.snapshot.facts import Known
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

KEY = Key("net.ipv4.tcp_syncookies")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where the key is 0."""
    found = in_force(snapshot, policy, KEY, lambda number: number == 0)
    if found is None:
        return
    dropped = events(snapshot, "TcpExt.TCPReqQFullDrop")
    exposed = "public-server" in policy.lineage or snapshot.facts.internet is Known.YES
    happened = f" That has happened to {dropped:,} since boot." if dropped else ""
    yield RULE.finding(
        f"{found.lead}Without cookies a full SYN queue drops every new client, which a few hundred "
        f"forged SYNs a second are enough for.{happened}",
        key=KEY,
        wanted="1",
        severity=Severity.ERROR if exposed or dropped else Severity.WARNING,
        fix=Fix("1", safe=True),
    )


RULE = Rule(
    id="syncookies-off",
    kind=Kind.HAZARD,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=(
        "RFC 4987",
        "linux v6.18 net/ipv4/tcp_input.c tcp_conn_request",
        "linux v6.18 Documentation/networking/ip-sysctl.rst tcp_syncookies",
    ),
    doc=__doc__,
    check=check,
)
