"""Every TCP connection begins with a buffer far larger than it needs.

What it flags
    The middle number of tcp_rmem above 256 KiB, or of tcp_wmem above 64 KiB (a note up to 256 KiB);
    an error where that times the connections of the moment is more than a quarter of the memory.

Why it is wrong
    The middle number is what a connection starts with, not what it may grow to: buffers are sized
    by the kernel up to the last number, by what the path carries. Raised to megabytes it is
    multiplied by the number of connections, first of all by the idle and the slow ones.

Instead
    The defaults, 131072 and 16384 bytes. To let fast connections grow, raise the last number.

Applies to
    Every kernel. SO_RCVBUF and SO_SNDBUF override it for one socket.

Evidence
    linux tcp_init_sock(); tcp_rcv_space_adjust() and tcp_sndbuf_expand() do the growing.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._in_force import vector_in_force
from tuner.rules._rule import Rule
from tuner.rules._sizes import in_words
from tuner.rules._vectors import LARGEST_START, TRIPLE, mended, start_of
from tuner.snapshot.snapshot import Snapshot

_MUCH = 262144


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding for each triple whose middle number is large."""
    states = snapshot.sockets.states if snapshot.sockets is not None else {}
    connections = states.get("ESTAB", 0)
    memory = snapshot.system.memory
    for key, largest in LARGEST_START.items():
        found = vector_in_force(
            snapshot,
            policy,
            key,
            partial(_starts_large, largest),
        )
        if found is None:
            continue
        start = found.numbers[1]
        many = f", {in_words(start * connections)} for its {connections:,}" if connections else ""
        pain = found.live and memory > 0 and start * connections > memory // 4
        yield RULE.finding(
            f"{found.lead}Every connection may fill {in_words(start)} before the kernel looks at "
            f"what the path needs{many}; the last number is the one that lets fast ones grow.",
            key=key,
            wanted=f"{start_of(snapshot, key)} in the middle, the kernel's default",
            severity=Severity.ERROR
            if pain
            else Severity.WARNING
            if start > _MUCH
            else Severity.NOTE,
            fix=Fix(mended(snapshot, key, found.numbers), safe=True),
        )


def _starts_large(largest: int, given: tuple[int, ...]) -> bool:
    return len(given) == TRIPLE and largest < given[1] <= given[2]


RULE = Rule(
    id="socket-buffers-start-large",
    kind=Kind.HAZARD,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=(
        "linux v6.18 net/ipv4/tcp.c tcp_init_sock",
        "linux v6.18 net/ipv4/tcp_input.c tcp_rcv_space_adjust",
    ),
    doc=__doc__,
    check=check,
)
