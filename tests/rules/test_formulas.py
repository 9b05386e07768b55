from __future__ import annotations

import pytest

from tuner.rules import _formulas as f
from tuner.rules import _sizes as z


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
    low: int, high: int, reserved: tuple[f.Span, ...], ports: int
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


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("", ()),
        ("8080", ((8080, 8080),)),
        ("9000-9010,8080", ((8080, 8080), (9000, 9010))),
        ("1-3,2-5,6", ((1, 6),)),
        ("9-1,x,5-y,-3", ()),
    ],
)
def test_parse_ports(text: str, spans: tuple[f.Span, ...]) -> None:
    assert f.parse_ports(text) == spans


def test_ports_round_trip() -> None:
    assert f.print_ports(f.parse_ports("9000-9010,8080,8081")) == "8080-8081,9000-9010"
