from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.sysctl.key import Key, key_from_path, key_path, parse_key, swap_separators

components = st.text(
    st.characters(codec="utf-8", exclude_characters="./=", exclude_categories=("C", "Z")),
    min_size=1,
    max_size=12,
)
interfaces = st.lists(components, min_size=1, max_size=3).map(".".join)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("net.ipv4.ip_forward", "net.ipv4.ip_forward"),
        ("net/ipv4/ip_forward", "net.ipv4.ip_forward"),
        ("/proc/sys/net/ipv4/ip_forward", "net.ipv4.ip_forward"),
        ("  net.ipv4.ip_forward\n", "net.ipv4.ip_forward"),
        ("net/ipv4/conf/eth0.100/rp_filter", "net.ipv4.conf.eth0/100.rp_filter"),
        ("net.ipv4.conf.eth0/100.rp_filter", "net.ipv4.conf.eth0/100.rp_filter"),
        ("net.ipv4.conf.*.rp_filter", "net.ipv4.conf.*.rp_filter"),
        ("kernel", "kernel"),
    ],
)
def test_parse_key(text: str, key: str) -> None:
    assert parse_key(text) == key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        ".",
        "net..ipv4",
        "net.ipv4.",
        ".net",
        "net/ipv4//x",
        "a b",
        "a=b",
        "a\0b",
        "a\tb.c",
    ],
)
def test_parse_key_refuses(text: str) -> None:
    with pytest.raises(ValueError, match="not a sysctl key"):
        parse_key(text)


@given(interfaces)
def test_an_interface_with_dots_has_one_key_however_spelled(interface: str) -> None:
    path = f"net/ipv4/conf/{interface}/rp_filter"
    key = parse_key(path)
    assert key_path(key) == path
    assert key_from_path(path) == key
    assert key_from_path(f"/proc/sys/{path}") == key
    assert parse_key(key) == key
    assert len(key.split(".")) == 5


@given(st.text())
def test_swap_separators_is_its_own_inverse(text: str) -> None:
    assert swap_separators(swap_separators(text)) == text


@given(st.text())
def test_parse_key_gives_a_key_that_parses_to_itself_or_refuses(text: str) -> None:
    try:
        key = parse_key(text)
    except ValueError:
        return
    assert parse_key(key) == key
    assert key_from_path(key_path(key)) == key


def test_key_path() -> None:
    assert key_path(Key("net.ipv4.ip_forward")) == "net/ipv4/ip_forward"
    assert key_path(Key("net.ipv4.conf.eth0/100.rp_filter")) == "net/ipv4/conf/eth0.100/rp_filter"
