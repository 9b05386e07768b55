"""The socket buffer triples, which several rules look at and one cure must mend."""

from __future__ import annotations

from tuner.rules._sizes import default_buffer_max
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

RMEM = Key("net.ipv4.tcp_rmem")
WMEM = Key("net.ipv4.tcp_wmem")
LARGEST_START = {RMEM: 262144, WMEM: 65536}
"""Initial buffers beyond which every connection costs more than it needs, in bytes."""

TRIPLE = 3
"""How many numbers a triple has."""

_LEAST = 4096


def start_of(snapshot: Snapshot, key: Key) -> int:
    """Return the kernel's own middle number: the initial buffer of every TCP socket."""
    if key == WMEM:
        return 16384
    return 131072 if snapshot.kernel.at_least(4, 20) else 87380


def top_of(snapshot: Snapshot, key: Key) -> int | None:
    """Return about the kernel's own last number on this host, None where its memory is unknown."""
    memory = snapshot.system.memory
    if not memory:
        return None
    return default_buffer_max(memory, receive=key == RMEM, kernel=snapshot.kernel)


def mended(snapshot: Snapshot, key: Key, numbers: tuple[int, ...]) -> str:
    """Return the triple with everything mended that any rule has against it."""
    start = start_of(snapshot, key)
    given = (
        (*numbers, start, top_of(snapshot, key) or 4 << 20)[:TRIPLE]
        if len(numbers) < TRIPLE
        else numbers
    )
    low, middle, high = given[:TRIPLE]
    middle = start if middle > LARGEST_START[key] or middle < start else middle
    high = max(high, top_of(snapshot, key) or 0, middle)
    return f"{min(max(low, _LEAST), middle)} {middle} {high}"
