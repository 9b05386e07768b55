"""A line written for an older kernel lowers what this one starts with.

What it flags
    A line for somaxconn, rmem_max, wmem_max, optmem_max, tcp_limit_output_bytes, netdev_budget,
    netdev_max_backlog, or for the last number of tcp_rmem or tcp_wmem, whose value is below this
    kernel's default.

Why it is wrong
    Defaults have grown: somaxconn from 128 to 4096 (5.4), optmem_max from 20 to 128 KiB (6.8),
    tcp_limit_output_bytes to 4 MiB (6.16), the last number of tcp_rmem from 6 to 32 MiB (6.16),
    rmem_max and wmem_max from 208 KiB to 4 MiB (6.18). A line that once raised a limit now lowers
    it.

Instead
    No line, or a value above the default that the finding names.

Applies to
    Kernels whose default is known. The last numbers of tcp_rmem and tcp_wmem follow from memory,
    and are judged where that is known. A value that nobody wrote into a file is left alone.

Evidence
    The defaults by release, from the kernels' sources; linux tcp_init().
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._in_force import default_of, in_force, vector_in_force
from tuner.rules._rule import Rule
from tuner.rules._sizes import in_words
from tuner.rules._values import lines_for
from tuner.rules._vectors import LARGEST_START, TRIPLE, mended, start_of, top_of
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

_LIMITS = {
    "net.core.somaxconn": "fewer connections may wait for accept() in a burst",
    "net.core.rmem_max": "programs may ask for smaller buffers than without the line",
    "net.core.wmem_max": "programs may ask for smaller buffers than without the line",
    "net.core.optmem_max": "sockets may hold fewer filters and options",
    "net.core.netdev_budget": "a round of receiving ends sooner",
    "net.core.netdev_max_backlog": "fewer packets may wait for a processor",
    "net.ipv4.tcp_limit_output_bytes": "connections keep less under way in the card's queue",
}


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding for every limit that a line lowers."""
    if snapshot.boot is None:
        return
    for name, effect in _LIMITS.items():
        key = Key(name)
        if not lines_for(snapshot, key):
            continue
        default = default_of(snapshot, key)
        number = default.int() if default is not None else None
        if number is None:
            continue
        found = in_force(snapshot, policy, key, partial(_below, number))
        if found is not None:
            yield RULE.finding(
                f"{found.lead}{found.number:,} is below what {_release(snapshot)} starts with, "
                f"{number:,}: the line lowers the limit, and {effect}.",
                key=key,
                wanted=f"at least {number}, or no such line",
                fix=Fix(str(number), safe=True),
            )
    for key in LARGEST_START:
        if not lines_for(snapshot, key):
            continue
        top, start = top_of(snapshot, key), start_of(snapshot, key)
        found = vector_in_force(
            snapshot,
            policy,
            key,
            partial(_lowered, LARGEST_START[key], start, top),
        )
        if found is None:
            continue
        _, middle, high = found.numbers
        lower = []
        if middle < start:
            lower.append(f"start at {middle:,} bytes instead of {start:,}")
        if top is not None and high < top * 3 // 4:
            lower.append(f"grow to {in_words(high)} instead of {in_words(top)}")
        where = "" if top is None else " on a host of this memory"
        end = "" if top is None else f", about {top} at the end"
        yield RULE.finding(
            f"{found.lead}Buffers {' and '.join(lower)}, which {_release(snapshot)} has{where}: "
            "the line lowers the limit.",
            key=key,
            wanted=f"{start} in the middle{end}, or no line",
            fix=Fix(mended(snapshot, key, found.numbers), safe=True),
        )


def _below(default: int, given: int) -> bool:
    return 0 < given < default


def _lowered(most: int, start: int, top: int | None, given: tuple[int, ...]) -> bool:
    """Tell whether a triple that no other rule has anything against is below the default."""
    if len(given) != TRIPLE or list(given) != sorted(given) or given[1] > most:
        return False
    return given[1] < start or (top is not None and given[2] < top * 3 // 4)


def _release(snapshot: Snapshot) -> str:
    return f"Linux {snapshot.kernel.major}.{snapshot.kernel.minor}"


RULE = Rule(
    id="lowers-default",
    kind=Kind.MYTH,
    severity=Severity.NOTE,
    confidence=Confidence.LIKELY,
    sources=(
        "linux@19f92a030ca6",
        "linux v6.18 net/ipv4/tcp.c tcp_init",
        "linux v6.18 include/net/sock.h",
        "the sources that the catalogue names for the key",
    ),
    doc=__doc__,
    check=check,
)
