"""The line reader: kinds, keys, values, and places that are exact to the byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.sysctl.lines import (
    BUSYBOX,
    PROCPS_4,
    SYSTEMD,
    SYSTEMD_219,
    SYSTEMD_262,
    TUNED,
    Grammar,
    LineKind,
    position,
    read_lines,
    read_procps3,
)

A, X, C, B, N = (
    LineKind.ASSIGNMENT,
    LineKind.EXCLUSION,
    LineKind.COMMENT,
    LineKind.BLANK,
    LineKind.NOT_UNDERSTOOD,
)
ALL = (SYSTEMD, SYSTEMD_262, SYSTEMD_219, PROCPS_4, BUSYBOX, TUNED)


def kinds(content: bytes, grammar: Grammar) -> list[tuple[int, LineKind, bytes, bytes | None]]:
    return [
        (line.number, line.kind, line.key, line.value)
        for line in read_lines(content, grammar).lines
    ]


@pytest.mark.parametrize(
    ("grammar", "content", "expected"),
    [
        (SYSTEMD, b"a = 1\rb=2\0\n-c\r\n\n- d = 3", [
            (1, A, b"a", b"1"), (2, A, b"b", b"2"), (3, B, b"", None), (4, X, b"c", None),
            (5, B, b"", None), (6, A, b"d", b"3"),
        ]),
        (SYSTEMD_262, b"; a = 1\n;b\n# c", [
            (1, A, b"; a", b"1"), (2, N, b"", None), (3, C, b"", None),
        ]),
        (SYSTEMD_219, b"-a = 1\n-b\nc=1\rd=2\n", [
            (1, A, b"-a", b"1"), (2, N, b"", None), (3, A, b"c", b"1\rd=2"),
        ]),
        (PROCPS_4, b"- a = 1\n-b\n=1\nx\n\v c = 1\0z\n=", [
            (1, A, b" a", b"1"), (2, X, b"b", None), (3, A, b"", b"1"), (4, N, b"", None),
            (5, A, b"c", b"1"), (6, B, b"", None),
        ]),
        (BUSYBOX, b"a = 1 \\\nb=2\nc =#x\nd = #x\n-e\n", [
            (2, A, b"a", b"1 b=2"), (3, N, b"", None), (4, A, b"d", b"#x"), (5, N, b"", None),
        ]),
        (TUNED, b"a = 1\rb=2\n-c=3", [
            (1, A, b"a", b"1"), (2, A, b"b", b"2"), (3, A, b"-c", b"3"),
        ]),
    ],
    ids=lambda it: it.name if isinstance(it, Grammar) else "",
)  # fmt: skip
def test_each_grammar(
    grammar: Grammar, content: bytes, expected: list[tuple[int, LineKind, bytes, bytes | None]]
) -> None:
    assert kinds(content, grammar) == expected


def test_procps_3_takes_what_earlier_lines_left() -> None:
    buffer = bytearray(4096)
    first = read_procps3(b"net.ipv4.tcp_rmem = 1 2 3\n-net.ipv4.x", buffer)
    assert [(line.key, line.value) for line in first] == [
        (b"net.ipv4.tcp_rmem", b"1 2 3"),
        (b"net.ipv4.x", b"=_rmem=1 2 33"),
    ]
    assert read_procps3(b"ab\n", bytearray(16))[0].kind is A


@pytest.mark.parametrize("length", [-1, 0, 1])
def test_a_line_of_a_mebibyte_ends_the_file(length: int) -> None:
    content = b"a=1\n#" + b"x" * ((1 << 20) + length - 1) + b"\nb=2\n"
    found = read_lines(content, SYSTEMD)
    whole = length < 0
    assert found.cut == (-1 if whole else 4)
    assert len(found.lines) == (3 if whole else 1)
    assert read_lines(content, PROCPS_4).cut == -1


def test_places_of_a_line_that_busybox_joins() -> None:
    content = b"# x\n  net.a \\\n = \\\n  7 # y\n"
    (_, line) = read_lines(content, BUSYBOX).lines
    assert (line.key, line.value) == (b"net.a", b"7 # y")
    assert position(content, line.key_offset) == (2, 3)
    assert position(content, line.value_offset) == (4, 3)
    assert position(content, line.offset) == (2, 1)


@given(st.binary(max_size=200), st.sampled_from(ALL))
def test_places_point_at_what_they_name(content: bytes, grammar: Grammar) -> None:
    before = 0
    for line in read_lines(content, grammar).lines:
        assert before <= line.offset <= line.end <= len(content)
        before = line.end
        if line.kind is A and not grammar.continues:
            assert line.value is not None
            key = content[line.key_offset : line.key_offset + len(line.key)]
            assert key == line.key
            assert content[line.value_offset :].startswith(line.value)
            assert content[line.key_offset + len(line.key) :].lstrip(grammar.strip)[:1] == b"="


@given(st.binary(max_size=200))
def test_no_line_of_systemd_is_lost(content: bytes) -> None:
    kept = b"".join(content[line.offset : line.end] for line in read_lines(content, SYSTEMD).lines)
    assert kept == content.translate(None, b"\n\r\0")
