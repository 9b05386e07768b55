"""TCP buffers are near the memory that tcp_mem allows.

What it flags
    Pages in use at 80 % of the pressure threshold or more: a warning; above the threshold, or
    pressure entered between the two samples, an error; pressure entered twice an hour or more since
    boot, a warning.

Why it is wrong
    Above the second number of tcp_mem no buffer grows any more, above the third data is dropped and
    closing sockets are reset. It is one account for all connections of the machine, so that a few
    thousand slow readers slow everybody down.

Instead
    Find the buffers that hold it: connections whose programs do not read, or a large middle number
    of tcp_rmem or tcp_wmem. tcp_mem itself follows from memory and is rarely the cause.

Applies to
    The first network namespace; containers do not show the key, and the account is the machine's.

Evidence
    sockstat mem (pages), TcpExt.TCPMemoryPressures; linux __sk_mem_raise_allocated().
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._growth import growth, level
from tuner.rules._rule import Rule
from tuner.rules._sizes import in_words
from tuner.rules._vectors import TRIPLE
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

KEY = Key("net.ipv4.tcp_mem")
_NEAR = 8, 10
_OFTEN = 2.0  # an hour


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding where TCP's memory is short."""
    value = snapshot.value(KEY)
    given = value.ints() if value is not None else None
    if not given or len(given) != TRIPLE:
        return
    page, pressure = snapshot.system.page_size, given[1]
    used = level(snapshot, "sockstat.TCP.mem") or 0
    entered = growth(snapshot, "TcpExt.TCPMemoryPressures")
    near = used * _NEAR[1] >= pressure * _NEAR[0]
    if not near and not entered.often(_OFTEN):
        return
    times = f" Pressure was entered: {entered.words}." if entered.total else ""
    yield RULE.finding(
        f"TCP buffers hold {in_words(used * page)}; from {in_words(pressure * page)} on none of "
        f"them grows, at {in_words(given[2] * page)} data is refused.{times}",
        key=KEY,
        wanted="programs that read, and smaller initial buffers",
        severity=Severity.ERROR if used >= pressure or entered.now else Severity.WARNING,
    )


RULE = Rule(
    id="tcp-memory-pressure",
    kind=Kind.PRESSURE,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=(
        "linux v6.18 net/core/sock.c __sk_mem_raise_allocated",
        "linux v6.18 Documentation/networking/ip-sysctl.rst tcp_mem",
    ),
    doc=__doc__,
    check=check,
)
