from __future__ import annotations

import pytest

from tuner.rules import _formulas as f
from tuner.rules import _sizes as z
from tuner.sysctl.numbers import Span
from tuner.sysctl.version import KernelVersion, parse_version


@pytest.mark.parametrize(
    ("timeout", "seconds"),
    [(1, 1), (30, 30), (60, 60), (61, 2), (70, 20), (90, 60), (119, 118), (120, 120), (130, 140)],
)
def test_fin_wait2_as_measured(timeout: int, seconds: int) -> None:
    assert f.fin_wait2_seconds(timeout) == seconds


@pytest.mark.parametrize(
    ("low", "high", "reserved", "ports"),
    [
        (32768, 60999, (), f.DEFAULT_PORTS),
        (32768, 61000, (), f.DEFAULT_PORTS),
        (45000, 45019, (), 20),
        (46000, 46010, (), 10),
        (40000, 40063, ((40000, 40031),), 32),
        (40000, 40063, ((39000, 40003), (40002, 40005), (40060, 41000)), 54),
        (46000, 46010, ((46010, 46010),), 10),  # the port that parity loses is lost once
        (46000, 46000, (), 1),
        (46000, 45000, (), 0),
    ],
)
def test_usable_ports_as_measured(
    low: int, high: int, reserved: tuple[Span, ...], ports: int
) -> None:
    assert f.usable_ports(low, high, reserved) == ports


def test_rates() -> None:
    assert f.connections_per_second(f.DEFAULT_PORTS) == 470
    assert f.nat_connections_per_second(120) == 537
    assert f.nat_connections_per_second(60) == 1075


@pytest.mark.parametrize(
    ("memory", "entries"),
    [
        (23 << 30, 262144),
        (int(7.7 * (1 << 30)), 65536),
        (1 << 30, 8192),
        (1 << 40, 524288),
        (0, 1),
    ],
)
def test_hash_entries_as_seen(memory: int, entries: int) -> None:
    assert z.least_hash_entries(memory) == entries


def test_default_tw_buckets_in_a_namespace() -> None:
    assert z.default_tw_buckets(-262144) == z.default_tw_buckets(262144) == 131072


def kernel(release: str) -> KernelVersion:
    return parse_version(release)


def test_ports_and_rates_of_the_sheet() -> None:
    assert f.connections_per_second(f.usable_ports(15000, 65535)) == 842
    assert f.connections_per_second(f.usable_ports(10000, 65535)) == 925
    assert f.connections_per_second(f.usable_ports(1024, 65535)) == 1075
    assert f.reuse_per_second(f.DEFAULT_PORTS) == f.DEFAULT_PORTS
    assert f.reuse_per_second(100, 2000) == 50
    assert f.slow_from_per_second(f.DEFAULT_PORTS) == 235
    assert f.tuples(1, 64, 1, 1) == 64
    assert f.tuples(2, 28232, 4, 2) == 451712
    assert f.nat_connections_per_second(120, life=1) == 533


def test_conntrack_of_the_sheet() -> None:
    assert f.conntrack_entries(2000, 1, 120) == 242000
    assert z.conntrack_bytes(262144, 262144) == (80 + 2) << 20
    assert z.chain_length(65536, 65536) == 2


@pytest.mark.parametrize(
    ("memory", "release", "table"),
    [
        (8 << 30, "6.1.0", (262144, 262144)),
        (2 << 30, "5.15.0", (65536, 65536)),
        (512 << 20, "6.1.0", (4096, 4096)),
        (8 << 30, "5.4.0", (262144, 65536)),
        (2 << 30, "4.18.0", (65536, 16384)),
        (8 << 30, "3.10.0", (65536, 16384)),
    ],
)
def test_default_conntrack_by_release(memory: int, release: str, table: tuple[int, int]) -> None:
    assert z.default_conntrack(memory, kernel(release)) == table


def test_queues_as_measured() -> None:
    assert f.accept_queue(8, 4096) == 9
    assert f.accept_queue(511, 3) == 4
    assert f.syn_queue(20, 8, kernel("6.18.0")) == 20
    assert f.syn_queue(4000, 256, kernel("3.10.0")) == 512
    assert f.syn_queue(1, 1024, kernel("3.10.0")) == 16
    assert f.accept_wait(100, 50) == 2
    assert f.accept_wait(1, 0) == float("inf")


@pytest.mark.parametrize(
    ("retries", "seconds"), [(1, 0.6), (2, 1.4), (3, 3), (5, 12.6), (8, 102.2), (15, 924.6)]
)
def test_retries_as_the_kernel_adds_them_up(retries: int, seconds: float) -> None:
    assert f.retries_seconds(retries) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("retries", "linear", "seconds"),
    [(1, 4, 3), (2, 4, 7), (3, 4, 19), (4, 4, 35), (5, 4, 67), (6, 4, 131), (6, 0, 127), (1, 0, 3)],
)
def test_connect_timeout_as_measured(retries: int, linear: int, seconds: int) -> None:
    assert f.connect_seconds(retries, linear) == seconds


def test_times_of_the_sheet() -> None:
    assert f.synack_seconds(5) == 63
    assert f.dead_peer_seconds(7200, 75, 9) == 7875
    assert f.needed_tw_buckets(1000) == 90000
    assert f.active_closes_per_second(400, 20) == 420
    assert f.highest_seconds(1000) == 2147483
    assert f.highest_seconds(250) == 8589934
    assert f.outlives(300, 350)
    assert not f.outlives(7200, 350)


def test_a_reused_port_at_the_server() -> None:
    assert f.is_inbound(443, (22, 443))
    assert not f.is_inbound(40000, (22, 443))
    assert f.accepted_at_once(timestamps=True, newer=True) == 1
    assert f.accepted_at_once(timestamps=True, newer=False) == 0
    assert f.accepted_at_once(timestamps=False, newer=False) == 0.5
    assert f.longest_refusal(rfc1337=True) == 60
    assert f.longest_refusal(rfc1337=False) == 1
    assert f.longest_refusal(rfc1337=True, timestamps=True) == float("inf")


def test_sizes_of_the_sheet() -> None:
    assert z.time_wait_bytes(1000) == 256_000
    assert z.time_wait_bytes(1000, outbound=True) == 512_000
    assert z.default_syn_backlog(262144, kernel("6.18.0")) == 2048
    assert z.default_syn_backlog(262144, kernel("4.18.0")) == 1024
    assert z.default_syn_backlog(1024, kernel("6.18.0")) == 128
    assert z.default_tcp_mem(24 << 30, 4096, kernel("6.18.0")) == (294912, 393216, 589824)
    assert z.default_tcp_mem(24 << 30, 4096, kernel("3.10.0"))[1] == 786432
    assert z.usable_window(131072) == 65536
    assert z.bandwidth_delay(10**9, 0.1) == 12_500_000


@pytest.mark.parametrize(
    ("memory", "buffer", "release", "size"),
    [
        (24 << 30, "receive", "6.18.0", 32 << 20),
        (24 << 30, "receive", "6.1.0", 6 << 20),
        (24 << 30, "receive", "2.6.32", 4 << 20),
        (24 << 30, "send", "6.18.0", 4 << 20),
        (256 << 20, "receive", "6.18.0", 2 << 20),
        (1 << 20, "send", "6.18.0", 64 << 10),
    ],
)
def test_default_buffers_by_release(memory: int, buffer: str, release: str, size: int) -> None:
    found = z.default_buffer_max(memory, receive=buffer == "receive", kernel=kernel(release))
    assert found == size


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (12, "12 bytes"),
        (1 << 10, "1 KiB"),
        (87380, "85.3 KiB"),
        (6 << 20, "6 MiB"),
        (927000000 * 4096, "3,536 GiB"),
    ],
)
def test_sizes_in_words(size: int, words: str) -> None:
    assert z.in_words(size) == words
