from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.sysctl.value import Value, parse_value


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("1\n", ("1",)),
        ("4096\t131072\t33554432\n", ("4096", "131072", "33554432")),
        ("  32768   60999 ", ("32768", "60999")),
        ("reno bbr", ("reno", "bbr")),
        ("", ()),
        (" \n", ()),
    ],
)
def test_parse_value(text: str, tokens: tuple[str, ...]) -> None:
    assert parse_value(text).tokens == tokens


def test_tabs_and_blanks_mean_the_same() -> None:
    assert parse_value("4096\t131072\t33554432") == parse_value("4096 131072  33554432\n")
    assert parse_value("1") != parse_value("1 1")


@pytest.mark.parametrize(
    ("text", "ints", "one"),
    [
        ("5", (5,), 5),
        ("-1", (-1,), -1),
        ("1 2", (1, 2), None),
        ("", (), None),
        ("cubic", None, None),
        ("8080,9000-9010", None, None),
        ("0x10", None, None),
        ("1 cubic", None, None),
    ],
)
def test_numbers(text: str, ints: tuple[int, ...] | None, one: int | None) -> None:
    assert parse_value(text).ints() == ints
    assert parse_value(text).int() == one


@given(st.lists(st.integers()))
def test_whole_numbers_survive_printing(numbers: list[int]) -> None:
    value = parse_value("\t".join(map(str, numbers)))
    assert value.ints() == tuple(numbers)
    assert parse_value(str(value)) == value


@given(st.text())
def test_printing_is_stable(text: str) -> None:
    value = parse_value(text)
    assert parse_value(str(value)) == value
    assert isinstance(value, Value)
