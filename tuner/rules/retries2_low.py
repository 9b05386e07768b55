"""Live connections give up after a short outage.

What it flags
    tcp_retries2 below 8.

Why it is wrong
    It is no number of packets but a time: 5 is 12.6 s, 3 is 3 s without an acknowledgement. After
    that every connection of the host is dead, of every program, also those that would have
    outlasted a failover or a rebooting switch. RFC 1122 asks for 100 s at least, which is 8. It
    does not concern connect(), for which see tcp_syn_retries.

Instead
    15, the default, or 8. A program that must notice sooner sets TCP_USER_TIMEOUT on its own
    sockets.

Applies to
    Every kernel. Clusters whose vendor asks for 5 say so in a profile or a waiver.

Evidence
    linux retransmits_timed_out(), tcp_model_timeout(); RFC 1122 section 4.2.3.5.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._formulas import retries_seconds
from tuner.rules._growth import events
from tuner.rules._in_force import in_force
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

KEY = Key("net.ipv4.tcp_retries2")
_LEAST = 8


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where the number is below 8."""
    found = in_force(snapshot, policy, KEY, lambda number: number < _LEAST)
    if found is None:
        return
    aborted = events(snapshot, "TcpExt.TCPAbortOnTimeout")
    happened = f" {aborted:,} connections have ended by a timeout since boot." if aborted else ""
    yield RULE.finding(
        f"{found.lead}Every connection is given up after "
        f"{retries_seconds(max(found.number, 0)):.1f} s without an acknowledgement; RFC 1122 asks "
        f"for 100 s.{happened}",
        key=KEY,
        wanted="at least 8",
        fix=Fix("15", safe=True),
    )


RULE = Rule(
    id="retries2-low",
    kind=Kind.HAZARD,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=(
        "RFC 1122 section 4.2.3.5",
        "linux v6.18 net/ipv4/tcp_timer.c tcp_model_timeout",
    ),
    doc=__doc__,
    check=check,
)
