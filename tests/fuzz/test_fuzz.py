"""The fuzzer's property on hypothesis' inputs, and the time that a hostile file takes."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.property import KEYS, PROGRAMS, check
from tuner.sysctl.boot import boot
from tuner.sysctl.files import Entry
from tuner.sysctl.globs import component
from tuner.sysctl.loaders import Program

PIECES = st.sampled_from(
    [
        *(
            b"=",
            b"-",
            b"#",
            b";",
            b"\n",
            b"\r",
            b"\0",
            b"\\\n",
            b" ",
            b"\t",
            b".",
            b"/",
            b"..",
            b"*",
        ),
        *(b"net.ipv4.tcp_fin_timeout", b"net/ipv4/conf/eth0.100/rp_filter", b"net.ipv4.ip_forward"),
        *(b"net.ipv4.conf.*.rp_filter", b"[", b"]", b"{a,b}", b"?", b"\xff", b"1", b"0x1f", b"60"),
        *(b"net.ipv6.conf.all.disable_ipv6", b"\xfe", b"\xef\xbb\xbf", b"\xc2\xa0"),
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.lists(PIECES, max_size=40).map(b"".join)))
def test_no_bytes_break_a_loader(data: bytes) -> None:
    check(data)


HOSTILE = {
    "lines": b"net.ipv4.tcp_fin_timeout = 1\n",
    "keys": b"net.ipv4.k%d = 1\n",
    "backslashes": b"a = 1\\\n",
    "equals": b"=",
    "dots": b".",
    "ends": b"\r",
    "zeros": b"\0",
    "exclusions": b"-net.ipv4.conf.*.rp_filter\n",
    "patterns": b"net.ipv4.conf.*%d.rp_filter = 1\n",
}


def seconds(content: bytes, program: Program) -> float:
    entries = [
        Entry("/etc/sysctl.conf", content=content),
        Entry("/etc/sysctl.d/a.conf", content=content),
    ]
    start = time.process_time()
    boot(entries, keys=KEYS, program=program)
    return time.process_time() - start


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("program", [PROGRAMS[3], PROGRAMS[6], PROGRAMS[7], PROGRAMS[10]], ids=str)
def test_twice_the_file_takes_about_twice_the_time(name: str, program: Program) -> None:
    piece = HOSTILE[name]

    def content(times: int) -> bytes:
        if b"%d" in piece:
            return b"".join(piece % number for number in range(times))
        return piece * times

    few, many = (min(seconds(content(n), program) for _ in range(3)) for n in (250, 1000))
    assert many < 10 * few + 0.1, (few, many)


def test_a_hostile_pattern_is_matched_in_time() -> None:
    matcher = component("*a" * 100 + "b")
    assert matcher is not None
    start = time.process_time()
    assert not matcher.fullmatch("a" * 255)
    assert time.process_time() - start < 2
