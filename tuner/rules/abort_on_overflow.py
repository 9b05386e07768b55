"""A full accept queue answers with a reset.

What it flags
    tcp_abort_on_overflow=1.

Why it is wrong
    When the last ACK of a handshake finds the accept queue full, 0 ignores it: the client believes
    it is connected, repeats its data, and gets in once there is room. 1 resets it, so that a burst
    of half a second becomes errors at the clients. It does not even "fail fast": SYNs that arrive
    while the queue is full are dropped silently with 1 as with 0.

Instead
    0, the default; and a longer backlog or a faster accept(), for which see listen-queue-overflow.

Applies to
    Every kernel. A program behind a balancer that retries at once may want 1: let the profile say
    so.

Evidence
    linux tcp_check_req(). Measured on Linux 6.18: with SYN cookies on and a full SYN queue 1 sends
    no reset at all.
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

KEY = Key("net.ipv4.tcp_abort_on_overflow")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where the key is on."""
    found = in_force(snapshot, policy, KEY, lambda number: number != 0)
    if found is None:
        return
    overflows = events(snapshot, "TcpExt.ListenOverflows")
    happened = f" Queues here were full {overflows:,} times since boot." if overflows else ""
    yield RULE.finding(
        f"{found.lead}1 turns a short burst into errors at the clients, which would have got in on "
        f"the next try; SYNs are dropped silently all the same.{happened}",
        key=KEY,
        wanted="0",
        severity=Severity.ERROR if overflows and found.live else Severity.WARNING,
        fix=Fix("0", safe=True),
    )


RULE = Rule(
    id="abort-on-overflow",
    kind=Kind.HAZARD,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=(
        "linux v6.18 net/ipv4/tcp_minisocks.c tcp_check_req",
        "linux v6.18 Documentation/networking/ip-sysctl.rst tcp_abort_on_overflow",
    ),
    doc=__doc__,
    check=check,
)
