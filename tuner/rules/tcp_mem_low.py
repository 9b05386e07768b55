"""tcp_mem or udp_mem holds buffers to a small part of the host's memory.

What it flags
    The last number of tcp_mem or udp_mem is below a quarter of what the kernel computes from
    memory; an error where the host has entered memory pressure since boot.

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
from functools import partial

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._growth import events
from tuner.rules._in_force import vector_in_force
from tuner.rules._rule import Rule
from tuner.rules._sizes import default_tcp_mem, in_words
from tuner.rules._vectors import TRIPLE
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

_KEYS = {"net.ipv4.tcp_mem": 1, "net.ipv4.udp_mem": 2}
"""Each account, and how many times TCP's share of the memory the kernel gives it."""


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding for each account that is far below the default."""
    memory, page = snapshot.system.memory, snapshot.system.page_size
    if memory <= 1 << 30:
        return
    for name, times in _KEYS.items():
        key = Key(name)
        default = [times * it for it in default_tcp_mem(memory, page, snapshot.kernel)]
        found = vector_in_force(snapshot, policy, key, partial(_is_low, default[2]))
        if found is None:
            continue
        entered = events(snapshot, "TcpExt.TCPMemoryPressures") if found.live and times == 1 else 0
        happened = f" Pressure was entered {entered:,} times since boot." if entered else ""
        yield RULE.finding(
            f"{found.lead}All {'TCP' if times == 1 else 'UDP'} buffers together stop growing at "
            f"{in_words(found.numbers[1] * page)} and are refused at "
            f"{in_words(found.numbers[2] * page)} of {in_words(memory)}.{happened}",
            key=key,
            wanted=f"the kernel's default, about {' '.join(map(str, default))}",
            severity=Severity.ERROR if entered else Severity.WARNING,
            fix=Fix(" ".join(map(str, default)), safe=True),
        )


def _is_low(default: int, given: tuple[int, ...]) -> bool:
    return len(given) == TRIPLE and given[2] < default // 4 and list(given) == sorted(given)


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
