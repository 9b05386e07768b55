"""The kernel may not size receive buffers by itself.

What it flags
    tcp_moderate_rcvbuf=0, now or after the next boot.

Why it is wrong
    Every receive buffer then stays at the middle number of tcp_rmem, 128 KiB by default, whatever
    the path could carry: the last number of tcp_rmem, which people raise, is never reached.

Instead
    1, the default.

Applies to
    Every kernel. A program that sets SO_RCVBUF has chosen for its own socket and is not concerned.

Evidence
    linux tcp_rcv_space_adjust(): the first thing it looks at is this key.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._in_force import in_force
from tuner.rules._rule import Rule
from tuner.rules._sizes import in_words
from tuner.rules._vectors import TRIPLE
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key
from tuner.sysctl.value import Value

KEY = Key("net.ipv4.tcp_moderate_rcvbuf")
_RMEM = Key("net.ipv4.tcp_rmem")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where the key is 0."""
    found = in_force(snapshot, policy, KEY, lambda number: number == 0)
    if found is None:
        return
    reading = snapshot.reading(_RMEM)
    given = reading.ints() if isinstance(reading, Value) else None
    size = f" of {in_words(given[1])}" if given and len(given) == TRIPLE else ""
    yield RULE.finding(
        f"{found.lead}With 0 every receive buffer stays at the middle number of tcp_rmem{size}, "
        "and its last number is never used.",
        key=KEY,
        wanted="1",
        fix=Fix("1", safe=True),
    )


RULE = Rule(
    id="moderate-rcvbuf-off",
    kind=Kind.HAZARD,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=(
        "linux v6.18 net/ipv4/tcp_input.c tcp_rcv_space_adjust",
        "linux v6.18 Documentation/networking/ip-sysctl.rst tcp_moderate_rcvbuf",
    ),
    doc=__doc__,
    check=check,
)
