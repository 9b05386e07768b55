"""The arithmetic of TIME_WAIT, ports, queues and retries, each with its derivation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tuner.sysctl.numbers import Span, join_spans
from tuner.sysctl.version import KernelVersion

TIME_WAIT = 60
"""Seconds that a closed connection is remembered: TCP_TIMEWAIT_LEN, a constant of the source."""

DEFAULT_PORTS = 28232
"""Usable ports of the default range, 32768 to 60999; one fewer at the end up to Linux 4.1."""

NAT_PORTS = 65536 - 1024
"""Ports that netfilter chooses a source port from (nf_nat_core.c, unprivileged ports)."""


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
    inside = sum(
        max(0, min(end, last) - max(begin, low) + 1) for begin, end in join_spans(reserved)
    )
    return last - low + 1 - inside


def connections_per_second(ports: int, life: float = TIME_WAIT) -> int:
    """Return how many connections a second one may open to one destination and close first (F1).

    Each holds its port for ``life`` seconds, TIME_WAIT's 60 without tcp_tw_reuse, so that
    ``ports / life`` is the steady state.
    """
    return int(ports / max(life, 0.001))


def reuse_per_second(ports: int, delay_ms: int = 1000) -> int:
    """Return the same with tcp_tw_reuse on (F1b): a port is free after the delay, 1 s.

    The delay is tcp_tw_reuse_delay from Linux 6.14 on; before, the next tick of a clock of seconds.
    """
    return connections_per_second(ports, delay_ms / 1000)


def tuples(sources: int, ports: int, addresses: int, services: int) -> int:
    """Return how many connections can exist at once (F2).

    The kernel tells connections apart by both addresses and both ports, so that every address and
    every port on either side multiplies. bind() without IP_BIND_ADDRESS_NO_PORT takes the port
    for all destinations: then it is ``sources * ports`` (F3b).
    """
    return sources * ports * addresses * services


def slow_from_per_second(ports: int) -> int:
    """Return the rate from which connect() searches long (F3): half the ports are then in use.

    ``__inet_hash_connect`` tries ports of one parity first and the others after them; once the
    first half is taken, every connect() walks through it (measured: 24-32 µs become milliseconds).
    So since Linux 4.6 (1580ab63fc9a); before, the search went through all ports in a row.
    """
    return ports // (2 * TIME_WAIT)


def nat_connections_per_second(quarantine: int, life: int = 0) -> int:
    """Return how many a second a NAT address may open to one destination (F4).

    Each holds one of 64,512 ports for its life and for the quarantine after it.
    """
    return NAT_PORTS // max(quarantine + life, 1)


def conntrack_entries(per_second: float, life: float, closing: float) -> int:
    """Return how many conntrack entries a rate keeps in steady state (F5b): rate times stay."""
    return round(per_second * (life + closing))


def accept_queue(backlog: int, somaxconn: int) -> int:
    """Return how many connections wait at most for accept() (F6).

    The smaller of both, plus one: the queue is full when it holds *more* than the backlog
    (``sk_acceptq_is_full``; measured: 8 hold 9). somaxconn counts as it was at listen().
    """
    return min(backlog, somaxconn) + 1


def syn_queue(backlog: int, syn_backlog: int, kernel: KernelVersion) -> int:
    """Return how many half-open connections a listener holds before it needs cookies (F6b).

    The listener's own backlog since Linux 4.4, whatever tcp_max_syn_backlog says; before, the
    smaller of both, at least 8, plus one, rounded up to a power of two (``reqsk_queue_alloc``).
    """
    if kernel.at_least(4, 4):
        return backlog
    return 1 << max(8, min(backlog, syn_backlog)).bit_length()


def retries_seconds(retries: int) -> float:
    """Return after how long unacknowledged data ends a connection, for tcp_retries2 = N (F8).

    The kernel adds up timeouts that begin with 200 ms and double up to 120 s, whatever the path's
    real ones are (``tcp_model_timeout``): 15 is 924.6 s, 8 is 102.2 s. An orphan's are counted
    alike from tcp_orphan_retries.
    """
    doubling = 9  # 200 ms doubled nine times is 102.4 s; the next one is cut to 120 s
    if retries <= doubling:
        return 0.2 * ((1 << (retries + 1)) - 1)
    return 204.6 + 120 * (retries - doubling)


def connect_seconds(retries: int, linear: int = 0) -> int:
    """Return after how long connect() gives up, for tcp_syn_retries = N (F9).

    The first timeout is 1 s. Up to Linux 6.4 each doubles: 6 retries end at 127 s. From 6.5 on
    the first ``linear`` (tcp_syn_linear_timeouts, 4) repeats come a second apart and are not
    counted, but it never ends before ``2^(N+1) - 1`` s: 6 end at 131 s (measured: 1 is 3 s,
    2 is 7 s, 3 is 19 s, 4 is 35 s).
    """
    least = (1 << (retries + 1)) - 1
    expiry, step = 0, 0
    while expiry < least:
        expiry += 1 << max(step - linear, 0)
        step += 1
    return expiry


def synack_seconds(retries: int) -> int:
    """Return how long a half-open connection is kept, for tcp_synack_retries = N (F9b)."""
    return (1 << (retries + 1)) - 1


def dead_peer_seconds(time: int, interval: int, probes: int) -> int:
    """Return after how long keep-alive calls a silent peer dead (F14): idle time, then probes."""
    return time + interval * probes


def needed_tw_buckets(closes_per_second: float) -> int:
    """Return the tcp_max_tw_buckets that a rate of active closes needs (F15): half in reserve."""
    return round(1.5 * closes_per_second * TIME_WAIT)


def active_closes_per_second(scheduled: float, killed: float) -> float:
    """Return the rate of closes that this host began (F16).

    TcpExt.TW counts mini-sockets scheduled for more than 4 s, TWKilled those for less: short
    FIN_WAIT2 (``__inet_twsk_schedule``).
    """
    return scheduled + killed


def is_inbound(local_port: int, listening: Iterable[int]) -> bool:
    """Tell whether a connection was accepted (F17): its local port is a listener's."""
    return local_port in set(listening)


def accepted_at_once(*, timestamps: bool, newer: bool) -> float:
    """Return the chance that a server lets a SYN replace a TIME_WAIT entry (F18).

    With timestamps a newer stamp is accepted and an older one never; without, the initial
    sequence number must be higher than the last one, which half of all random ones are
    (``tcp_timewait_state_process``; RFC 6191).
    """
    if timestamps:
        return 1.0 if newer else 0.0
    return 0.5


def longest_refusal(*, rfc1337: bool, timestamps: bool = False) -> float:
    """Return how long a SYN that was not accepted at once has to wait at most, in seconds (F19).

    The client resets the old entry and repeats its SYN: two ticks later from Linux 5.6 on
    (9603d47bad46; measured 8.6 to 15.5 ms), before that after its first timeout, 1 s. With
    tcp_rfc1337 the entry stays for what is left of its 60 s; where timestamps are on, each SYN with
    an older one sets these back, so that there is no end (measured: ETIMEDOUT after 133 s).
    """
    if not rfc1337:
        return 1.0
    return float("inf") if timestamps else float(TIME_WAIT)


def highest_seconds(hz: int) -> int:
    """Return the largest number that a setting kept in timer ticks takes (F20): INT_MAX / HZ."""
    return ((1 << 31) - 1) // hz


def accept_wait(queued: int, accepted_per_second: float) -> float:
    """Return how long the last in an accept queue waits (F21), in seconds; inf where none is."""
    return queued / accepted_per_second if accepted_per_second > 0 else float("inf")


def outlives(keepalive: int, middlebox: int) -> bool:
    """Tell whether keep-alive probes come before a middlebox forgets the connection (F24)."""
    return keepalive < middlebox
