"""tcp_mem or udp_mem allows buffers most of the host's memory.

What it flags
    The last number of tcp_mem or udp_mem comes to more than half of the host's memory, or the three
    are those of tcp_rmem or tcp_wmem.

Why it is wrong
    The three numbers are pages of 4 KiB. Written as bytes, as many files do, they allow terabytes:
    the kernel never holds buffers back and never refuses: under load TCP may take all memory, and
    the OOM killer chooses a program.

Instead
    No line: the kernel computes it from memory at boot, 9 % of it at most.

Applies to
    Every kernel; containers do not show the key. Hosts whose memory is known.

Evidence
    linux tcp_init_mem(): pages. Typical: 94500000 915000000 927000000, which is 3.5 TB.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._in_force import vector_in_force
from tuner.rules._rule import Rule
from tuner.rules._sizes import default_tcp_mem, in_words
from tuner.rules._vectors import TRIPLE
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

_KEYS = (Key("net.ipv4.tcp_mem"), Key("net.ipv4.udp_mem"))
_TRIPLES = (Key("net.ipv4.tcp_rmem"), Key("net.ipv4.tcp_wmem"))


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding for each account that allows more than half of the memory."""
    memory, page = snapshot.system.memory, snapshot.system.page_size
    if not memory:
        return
    copied = {tuple(value.tokens) for key in _TRIPLES if (value := snapshot.value(key)) is not None}
    for key in _KEYS:
        found = vector_in_force(
            snapshot,
            policy,
            key,
            lambda given: (
                len(given) == TRIPLE
                and (given[2] * page > memory // 2 or tuple(map(str, given)) in copied)
            ),
        )
        if found is None:
            continue
        times = 1 if key == _KEYS[0] else 2  # the kernel lets UDP have twice as much
        default = " ".join(
            str(times * number) for number in default_tcp_mem(memory, page, snapshot.kernel)
        )
        yield RULE.finding(
            f"{found.lead}The numbers are pages: {found.numbers[2]:,} are "
            f"{in_words(found.numbers[2] * page)}, and this host has {in_words(memory)}. Nothing "
            "keeps the buffers from taking all of it.",
            key=key,
            wanted=f"the kernel's default, about {default}",
            fix=Fix(default, safe=True),
        )


RULE = Rule(
    id="tcp-mem-beyond-memory",
    kind=Kind.HAZARD,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=(
        "linux v6.18 net/ipv4/tcp.c tcp_init_mem",
        "linux v6.18 Documentation/networking/ip-sysctl.rst tcp_mem",
    ),
    doc=__doc__,
    check=check,
)
