"""What the kernel makes of memory: its own defaults, and what tables and buffers cost."""

from __future__ import annotations

from tuner.sysctl.version import KernelVersion

TIME_WAIT_BYTES = 256
"""What one TIME_WAIT entry costs: the slab of tcp_timewait_sock (248 bytes on Linux 6.18)."""

BIND_BUCKET_BYTES = 256
"""What its local port costs in addition where connect() chose it: two slabs of 128 bytes
(inet_bind_bucket 88, inet_bind2_bucket 80 bytes on Linux 6.18; one of them up to 6.0)."""

SOCKET_BYTES = 2368
"""What a full TCP socket costs without its buffers (slabinfo of TCP on Linux 6.18)."""

CONNTRACK_BYTES = 320
"""What to plan for one conntrack entry: 256 bytes of slab and its usual extensions."""

ORPHAN_BYTES = 64 << 10
"""What an orphan may pin, as the kernel's documentation says (ip-sysctl.rst tcp_max_orphans)."""

_MIB = 1 << 20
_GIB = 1 << 30
_LARGEST_HASH = 524288


def time_wait_bytes(entries: int, *, outbound: bool = False) -> int:
    """Return what so many TIME_WAIT entries cost (F10); an own local port costs as much again."""
    return entries * (TIME_WAIT_BYTES + (BIND_BUCKET_BYTES if outbound else 0))


def least_hash_entries(memory: int) -> int:
    """Return how many buckets the established hash has at least on a host of that memory (F11).

    One per 128 KiB, rounded up to a power of two, 524,288 at most (``alloc_large_system_hash``).
    What a host calls its memory is less than what the kernel counted at boot, hence "at least".
    """
    return min(1 << max(memory // (128 << 10) - 1, 0).bit_length(), _LARGEST_HASH)


def default_tw_buckets(hash_entries: int) -> int:
    """Return the default of tcp_max_tw_buckets and of tcp_max_orphans (F11b).

    Half the established hash (``tcp_set_hashinfo``, ``tcp_init``). A network namespace without a
    hash of its own shows the shared one's size as a negative number.
    """
    return abs(hash_entries) // 2


def default_syn_backlog(hash_entries: int, kernel: KernelVersion) -> int:
    """Return the default of tcp_max_syn_backlog (F11c): a 128th of the hash, a 256th before 5.4."""
    return max(128, abs(hash_entries) // (128 if kernel.at_least(5, 4) else 256))


def default_tcp_mem(memory: int, page: int, kernel: KernelVersion) -> tuple[int, int, int]:
    """Return about what tcp_mem starts with, in pages (F12).

    Pressure begins at a 16th of the memory (an 8th before Linux 4.2), "low" is three quarters of
    that and "high" half as much again (``tcp_init_mem``). The kernel counts the memory that is
    free at boot, somewhat less than the host's.
    """
    pressure = memory // page // (16 if kernel.at_least(4, 2) else 8)
    return pressure * 3 // 4, pressure, pressure * 3 // 2


def default_buffer_max(memory: int, *, receive: bool, kernel: KernelVersion) -> int:
    """Return about what the last number of tcp_rmem or tcp_wmem starts with, in bytes (F13).

    A 128th of the memory, at most 4 MiB for sending, for receiving 32 MiB from Linux 6.16 on and
    6 MiB before (4 MiB before 3.4), and at least 128 KiB or 64 KiB (``tcp_init``).
    """
    if not receive:
        return min(max(memory // 128, 64 << 10), 4 * _MIB)
    limit = 32 if kernel.at_least(6, 16) else 6 if kernel.at_least(3, 4) else 4
    return min(max(memory // 128, 128 << 10), limit * _MIB)


def default_conntrack(memory: int, kernel: KernelVersion) -> tuple[int, int]:
    """Return what nf_conntrack_max and nf_conntrack_buckets start with (F5d).

    From Linux 5.15 on both are 262,144 above 4 GiB, 65,536 above 1 GiB, else a bucket per 128 KiB
    (``nf_conntrack_init_start``). From 4.1 on it was a quarter of the buckets above 4 GiB and a
    16th of them above 1 GiB, four entries each; before, 16,384 of them above 1 GiB.
    """
    small = max(memory // (128 << 10), 1024)
    if kernel.at_least(5, 15):
        buckets = 262144 if memory > 4 * _GIB else 65536 if memory > _GIB else small
        return buckets, buckets
    if kernel.at_least(4, 1):
        buckets = 65536 if memory > 4 * _GIB else 16384 if memory > _GIB else small
    else:
        buckets = 16384 if memory > _GIB else small
    return 4 * buckets, buckets


def conntrack_bytes(entries: int, buckets: int) -> int:
    """Return what a conntrack table costs when it is full (F5): entries, and 8 bytes a bucket."""
    return entries * CONNTRACK_BYTES + 8 * buckets


def chain_length(entries: int, buckets: int) -> float:
    """Return how many entries a look-up passes on average (F5c): each stands in two chains."""
    return 2 * entries / max(buckets, 1)


def usable_window(buffer: int) -> int:
    """Return about what window a receive buffer allows, in bytes (F22).

    Half of it, with tcp_adv_win_scale at 1 up to Linux 6.5; later kernels measure the ratio.
    """
    return buffer // 2


def bandwidth_delay(bits_per_second: int, round_trip: float) -> int:
    """Return how many bytes are under way on a full path (F23): bandwidth times round trip."""
    return int(bits_per_second * round_trip / 8)


def in_words(size: int) -> str:
    """Return a size in bytes as people write it, with three digits at least."""
    for unit, name in ((_GIB, "GiB"), (_MIB, "MiB"), (1 << 10, "KiB")):
        if size >= unit:
            number = size / unit
            whole = size % unit == 0 or number >= 100  # noqa: PLR2004 - three digits are enough
            return f"{number:,.0f} {name}" if whole else f"{number:.3g} {name}"
    return f"{size} bytes"
