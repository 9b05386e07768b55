"""SYN cookies are sent always.

What it flags
    tcp_syncookies of 2.

Why it is wrong
    2 answers every SYN with a cookie, also where there is room to remember it. Such a connection
    has window scaling, SACK and ECN only if the client sent timestamps, and the SYN-ACK is never
    repeated by the server. The kernel's documentation has it for testing.

Instead
    1, which sends cookies when a queue is full.

Applies to
    Every kernel since 3.12; before, 2 was the same as 1.

Evidence
    linux tcp_conn_request(); ip-sysctl.rst. Measured on Linux 6.18: 2 sends 101 cookies for 101
    SYNs; 3 and more send none where there is room, as 1 does.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._growth import events
from tuner.rules._in_force import in_force
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

KEY = Key("net.ipv4.tcp_syncookies")
_ALWAYS = 2


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where the key is 2."""
    if not snapshot.kernel.at_least(3, 12):
        return
    found = in_force(snapshot, policy, KEY, lambda number: number == _ALWAYS)
    if found is None:
        return
    sent = events(snapshot, "TcpExt.SyncookiesSent")
    count = f" {sent:,} were sent since boot." if sent else ""
    yield RULE.finding(
        f"{found.lead}{found.number} sends a cookie for every SYN, and connections of clients "
        f"without timestamps lose window scaling and SACK.{count}",
        key=KEY,
        wanted="1",
        fix=Fix("1", safe=True),
    )


RULE = Rule(
    id="syncookies-always",
    kind=Kind.HAZARD,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=(
        "linux v6.18 net/ipv4/tcp_input.c tcp_conn_request",
        "linux v6.18 Documentation/networking/ip-sysctl.rst tcp_syncookies",
    ),
    doc=__doc__,
    check=check,
)
