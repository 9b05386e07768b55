from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.sysctl.files import Entry, Setting, normalize_key, parse_file
from tuner.sysctl.key import Key

PATH = "/etc/sysctl.d/50-x.conf"


def only(content: bytes) -> Setting:
    (setting,) = parse_file(PATH, content).settings
    return setting


@pytest.mark.parametrize(
    ("content", "key", "value"),
    [
        (b"net.ipv4.ip_forward = 1\n", "net.ipv4.ip_forward", "1"),
        (b"net.ipv4.ip_forward=1", "net.ipv4.ip_forward", "1"),
        (b"\t net/ipv4/ip_forward\t=\t1 \t\n", "net.ipv4.ip_forward", "1"),
        (b"a.b = c = d\n", "a.b", "c = d"),
        (b"a.b =\n", "a.b", ""),
        (b'a.b = "1"\n', "a.b", '"1"'),
        (b"a.b = 1 # why\n", "a.b", "1 # why"),
        (b"a.b = 1 \\\n", "a.b", "1 \\"),
        (b"- a.b = 1\n", "a.b", "1"),
        (b"-a.b\n", "a.b", None),
        (b"-a.b =\n", "a.b", ""),
        (b"net.ipv4.conf.eth0/100.rp_filter = 1", "net.ipv4.conf.eth0/100.rp_filter", "1"),
        (b"net/ipv4/conf/eth0.100/rp_filter = 1", "net.ipv4.conf.eth0/100.rp_filter", "1"),
        (b"\xef\xbb\xbfa.b = 1", "\ufeffa.b", "1"),
        (b"a.b = \xff", "a.b", "\\xff"),
    ],
)
def test_one_line(content: bytes, key: str, value: str | None) -> None:
    setting = only(content)
    assert (setting.key, setting.value, setting.path, setting.line) == (key, value, PATH, 1)
    assert setting.ignore_failure is content.lstrip().startswith(b"-")


@pytest.mark.parametrize("content", [b"", b"\n\n", b"# a = 1\n", b"; a = 1\n", b"  \t# a = 1\n"])
def test_nothing_is_said(content: bytes) -> None:
    said = parse_file(PATH, content)
    assert said.settings == ()
    assert said.not_understood == ()


@pytest.mark.parametrize(("end", "line"), [(b"\n", 3), (b"\r\n", 3), (b"\r", 1), (b"\0", 1)])
def test_every_line_end_and_the_number_that_an_editor_shows(end: bytes, line: int) -> None:
    said = parse_file(PATH, end.join([b"a.b = 1", b"# note", b"c.d = 2"]))
    assert [(it.key, it.value, it.line) for it in said.settings] == [
        ("a.b", "1", 1),
        ("c.d", "2", line),
    ]
    assert said.settings[1].note == "note"


def test_lines_that_are_no_assignment_are_counted_and_passed_over() -> None:
    said = parse_file(PATH, b"a.b 1\n// c\nc.d = 2\nsysctl -w e.f\n")
    assert said.not_understood == (1, 2, 4)
    assert [it.key for it in said.settings] == ["c.d"]


def test_note_is_the_comment_above_and_behind() -> None:
    content = b"# one\n# two\na.b = 1 # three\nc.d = 2\n\n# far\n\ne.f = 3\n"
    notes = {it.key: it.note for it in parse_file(PATH, content).settings}
    assert notes == {"a.b": "one\ntwo\nthree", "c.d": "", "e.f": ""}


def test_long_comment_keeps_its_last_lines() -> None:
    content = b"# 1\n# 2\n# 3\n# 4\na.b = 1\n"
    assert only(content).note == "2\n3\n4"


@pytest.mark.parametrize(
    ("value", "effective"),
    [
        (b"22 # text", "22"),
        (b"22# text", "22# text"),
        (b"32768 60999\t# text # more", "32768 60999"),
        (b"22", "22"),
        (b"", ""),
    ],
)
def test_effective_value_ends_before_a_trailing_comment(value: bytes, effective: str) -> None:
    assert only(b"a.b = " + value).effective == effective


def test_an_exclusion_has_no_effective_value() -> None:
    assert only(b"-a.b").effective is None


@pytest.mark.parametrize(
    ("key", "pattern"),
    [("a.*.b", True), ("a.?", True), ("a.[bc]", True), ("a.b", False), ("a.b]", False)],
)
def test_pattern(key: str, *, pattern: bool) -> None:
    assert only(f"{key} = 1".encode()).is_pattern is pattern


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("net.ipv4.ip_forward", "net.ipv4.ip_forward"),
        ("net/ipv4/ip_forward", "net.ipv4.ip_forward"),
        ("/net/ipv4/ip_forward", "net.ipv4.ip_forward"),
        ("net//ipv4///ip_forward", "net.ipv4.ip_forward"),
        ("net/./ipv4/ip_forward", "net.ipv4.ip_forward"),
        ("/proc/sys/net/ipv4/ip_forward", "proc.sys.net.ipv4.ip_forward"),
        ("net.ipv4/ip_forward", "net.ipv4/ip_forward"),
        ("kernel", "kernel"),
        ("", ""),
    ],
)
def test_normalize_key(text: str, key: str) -> None:
    assert normalize_key(text) == key


@given(st.binary(max_size=400))
def test_any_bytes_are_read_without_an_error(content: bytes) -> None:
    said = parse_file(PATH, content)
    lines = [*said.not_understood, *(it.line for it in said.settings)]
    last = content.count(b"\n") + 1
    assert all(1 <= line <= last for line in lines)
    plain = content.translate(None, b"\r\0")
    said = parse_file(PATH, plain)
    lines = [*said.not_understood, *(it.line for it in said.settings)]
    assert len(lines) == len(set(lines))
    assert all(1 <= line <= len(content) + 1 for line in lines)


@given(
    st.dictionaries(
        st.from_regex(r"net\.[a-z_]{1,8}\.[a-z0-9_]{1,8}", fullmatch=True),
        st.from_regex(r"[0-9a-z]([0-9a-z ]{0,8}[0-9a-z])?", fullmatch=True),
    )
)
def test_what_is_written_is_read(wanted: dict[str, str]) -> None:
    content = "".join(f"{key} = {value}\n" for key, value in wanted.items()).encode()
    said = parse_file(PATH, content)
    assert {it.key: it.value for it in said.settings} == wanted
    assert said.not_understood == ()


def test_name_of_an_entry() -> None:
    assert Entry(PATH).name == "50-x.conf"
    assert Key(only(b"a.b=1").key) == "a.b"
