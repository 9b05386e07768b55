"""The arithmetic of TIME_WAIT, ports and quarantines, each with its derivation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

TIME_WAIT = 60
"""Seconds that a closed connection is remembered: TCP_TIMEWAIT_LEN, a constant of the source."""

TIME_WAIT_BYTES = 256
"""What one TIME_WAIT entry costs: the slab of tcp_timewait_sock (248 bytes on Linux 6.18)."""

DEFAULT_PORTS = 28232
"""Usable ports of the default range, 32768 to 60999; one fewer at the end up to Linux 4.1."""

NAT_PORTS = 65536 - 1024
"""Ports that netfilter chooses a source port from (nf_nat_core.c, unprivileged ports)."""

Span = tuple[int, int]
"""First and last port, both included."""


def fin_wait2_seconds(timeout: int) -> int:
    """Return how long an orphan may stay in FIN_WAIT2 under that tcp_fin_timeout, in seconds.

    Up to 60 it is the number itself (never less than 3.5 retransmission timeouts). Above, the full
    socket waits ``timeout - 60`` s and its small stand-in as long again: the kernel hands the same
    difference to both timers (tcp_timer.c ``tcp_keepalive_timer``; measured: 61 gives 2 s).
    """
    return timeout if timeout <= TIME_WAIT else 2 * (timeout - TIME_WAIT)


def usable_ports(low: int, high: int, reserved: Sequence[Span] = ()) -> int:
    """Return how many ports connect() can choose from, towards one destination.

    The search goes over ports of one parity and then the other, in pairs from ``low``; an odd
    number of ports therefore loses the last one (inet_hashtables.c ``__inet_hash_connect``:
    ``remaining &= ~1U``; measured: 46000 to 46010 gives 10). Reserved ports are left out.
    """
    size = high - low + 1
    if size <= 0:
        return 0
    last = high if size == 1 or size % 2 == 0 else high - 1
    inside = sum(max(0, min(end, last) - max(begin, low) + 1) for begin, end in joined(reserved))
    return last - low + 1 - inside


def connections_per_second(ports: int) -> int:
    """Return how many connections a second a client may open to one destination and close first.

    Each holds its port for TIME_WAIT, 60 s, so that ``ports / 60`` is the steady state.
    """
    return ports // TIME_WAIT


def nat_connections_per_second(quarantine: int) -> int:
    """Return how many a second a NAT address may open to one destination, given its quarantine.

    Each closed connection holds one of 64,512 ports for that many seconds.
    """
    return NAT_PORTS // max(quarantine, 1)


def default_tw_buckets(hash_entries: int) -> int:
    """Return the default of tcp_max_tw_buckets: half the established hash (``tcp_set_hashinfo``).

    A network namespace without a hash of its own shows the shared one's size as a negative number.
    """
    return abs(hash_entries) // 2


def least_hash_entries(memory: int) -> int:
    """Return how many buckets the established hash has at least on a host of that memory (bytes).

    One per 128 KiB, rounded up to a power of two, 524,288 at most (``alloc_large_system_hash``).
    What a host calls its memory is less than what the kernel counted at boot, hence "at least".
    """
    return min(1 << max(memory // (128 << 10) - 1, 0).bit_length(), 524288)


def parse_ports(text: str) -> tuple[Span, ...]:
    """Return the spans of a list such as ``8080,9000-9010``; what is no port is left out."""
    spans = []
    for item in text.replace(" ", ",").split(","):
        first, dash, last = item.partition("-")
        if first.isdecimal() and (last.isdecimal() or not dash):
            spans.append((int(first), int(last if dash else first)))
    return joined(spans)


def print_ports(spans: Iterable[Span]) -> str:
    """Return the list as ip_local_reserved_ports wants and prints it."""
    return ",".join(
        str(first) if first == last else f"{first}-{last}" for first, last in joined(spans)
    )


def joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return the same ports as sorted spans that neither overlap nor touch."""
    done: list[Span] = []
    for first, last in sorted(spans):
        if done and first <= done[-1][1] + 1:
            done[-1] = (done[-1][0], max(done[-1][1], last))
        elif first <= last:
            done.append((first, last))
    return tuple(done)
