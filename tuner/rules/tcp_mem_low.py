"""tcp_mem holds TCP to a small part of the host's memory.

What it flags
    The last number of tcp_mem is below a quarter of what the kernel computes from memory; an error
    where the host has entered memory pressure since boot.

Why it is wrong
    Above the second number no buffer grows any more, above the third data is dropped and closing
    sockets are reset: throughput of all connections collapses at once, with most of the memory
    free. TIME_WAIT entries hold no buffers, so that the number does nothing for them.

Instead
    No line: the kernel computes it from memory at boot.

Applies to
    Every kernel; containers do not show the key. Hosts whose memory is known, above 1 GiB.

Evidence
    linux tcp_init_mem(), __sk_mem_raise_allocated(); TcpExt.TCPMemoryPressures counts the times.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._growth import events
from tuner.rules._in_force import vector_in_force
from tuner.rules._rule import Rule
from tuner.rules._sizes import default_tcp_mem, in_words
from tuner.rules._vectors import TRIPLE
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

KEY = Key("net.ipv4.tcp_mem")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where tcp_mem is far below the default."""
    memory, page = snapshot.system.memory, snapshot.system.page_size
    if memory <= 1 << 30:
        return
    default = default_tcp_mem(memory, page, snapshot.kernel)
    found = vector_in_force(
        snapshot,
        policy,
        KEY,
        lambda given: len(given) == TRIPLE and given[2] < default[2] // 4,
    )
    if found is None:
        return
    times = events(snapshot, "TcpExt.TCPMemoryPressures") if found.live else 0
    happened = f" Pressure was entered {times:,} times since boot." if times else ""
    yield RULE.finding(
        f"{found.lead}All TCP buffers together stop growing at "
        f"{in_words(found.numbers[1] * page)} and are refused at "
        f"{in_words(found.numbers[2] * page)} of {in_words(memory)}.{happened}",
        key=KEY,
        wanted=f"the kernel's default, about {' '.join(map(str, default))}",
        severity=Severity.ERROR if times else Severity.WARNING,
        fix=Fix(" ".join(map(str, default)), safe=True),
    )


RULE = Rule(
    id="tcp-mem-low",
    kind=Kind.HAZARD,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=(
        "linux v6.18 net/ipv4/tcp.c tcp_init_mem",
        "linux v6.18 net/core/sock.c __sk_mem_raise_allocated",
    ),
    doc=__doc__,
    check=check,
)
