"""Numbers and lists of ports as the kernel reads and prints them."""

from __future__ import annotations

import pytest

from tuner.sysctl.numbers import Span, parse_ports, print_ports


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        (b"", ()),
        (b"8080", ((8080, 8080),)),
        (b"9000-9010,8080\n", ((8080, 8080), (9000, 9010))),
        (b"1-3,2-5,6", ((1, 6),)),
        (b"9-1", None),
        (b"x", None),
        (b"65536", None),
    ],
)
def test_a_list_of_ports(text: bytes, spans: tuple[Span, ...] | None) -> None:
    assert parse_ports(text) == spans


def test_ports_round_trip() -> None:
    assert print_ports(parse_ports(b"9000-9010,8080,8081") or ()) == "8080-8081,9000-9010"
