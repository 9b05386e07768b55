"""A handshake gives up after one lost packet or two.

What it flags
    tcp_syn_retries or tcp_synack_retries of 1 or less.

Why it is wrong
    tcp_syn_retries=1 makes every connect() of the host fail after 3 s, tcp_synack_retries=1 makes a
    server forget a half-open connection after 3 s: two lost packets are enough, which a busy link,
    a failover or a wireless client supplies. It protects from nothing: under a flood the kernel
    lowers the number of SYN-ACKs by itself, and cookies do the rest.

Instead
    The defaults, 6 and 5; 2 is a defensible least. A program that wants to notice sooner has a
    connect timeout of its own.

Applies to
    Every kernel.

Evidence
    linux tcp_write_timeout(), reqsk_timer_handler(). Measured on Linux 6.18: tcp_syn_retries 1, 2,
    3, 4 give up after 3.1, 7.1, 19.3 and 35.7 s.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._formulas import connect_seconds, synack_seconds
from tuner.rules._in_force import in_force
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key
from tuner.sysctl.value import Value

_SYN = Key("net.ipv4.tcp_syn_retries")
_SYNACK = Key("net.ipv4.tcp_synack_retries")
_LINEAR = Key("net.ipv4.tcp_syn_linear_timeouts")
_FEW = 1


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding for each of the two keys that is 1 or less."""
    found = in_force(snapshot, policy, _SYN, lambda number: number <= _FEW)
    if found is not None:
        reading = snapshot.reading(_LINEAR)
        linear = (reading.int() or 0) if isinstance(reading, Value) else 0
        seconds = connect_seconds(max(found.number, 0), linear)
        yield RULE.finding(
            f"{found.lead}Every connect() of this host fails after {seconds} s, which two lost "
            "packets are enough for.",
            key=_SYN,
            wanted="at least 2",
            fix=Fix("6" if snapshot.kernel.at_least(3, 7) else "5", safe=True),
        )
    found = in_force(snapshot, policy, _SYNACK, lambda number: number <= _FEW)
    if found is not None:
        yield RULE.finding(
            f"{found.lead}A client whose handshake loses two packets is forgotten after "
            f"{synack_seconds(max(found.number, 0))} s; against a flood the kernel sends fewer by "
            "itself.",
            key=_SYNACK,
            wanted="at least 2",
            fix=Fix("5", safe=True),
        )


RULE = Rule(
    id="handshake-retries-low",
    kind=Kind.HAZARD,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=(
        "linux v6.18 net/ipv4/tcp_timer.c tcp_write_timeout",
        "linux v6.18 net/ipv4/inet_connection_sock.c reqsk_timer_handler",
    ),
    doc=__doc__,
    check=check,
)
