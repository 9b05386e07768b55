"""Dumps: whole, cut off, damaged and hostile."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuner.errors import DumpError
from tuner.snapshot.dump import LONGEST_VALUE, parse_dump
from tuner.snapshot.snapshot import Missing
from tuner.sysctl.files import Kind
from tuner.sysctl.key import Key

DUMP = b"""Welcome to web01!

tuner-probe 1
@@ first
/proc/uptime:100.00 1.00
/proc/net/netstat:TcpExt: ListenDrops TWRecycled
/proc/net/netstat:TcpExt: 10 -1
/proc/net/softnet_stat:0000000a 00000001 00000000
/proc/net/softnet_stat:0000000b 00000002 00000000
@@ system
taken 2026-01-02T03:04:05Z
uid 1000
loader procps sysctl from procps-ng 4.0.2
/etc/os-release:ID=debian
/proc/meminfo:MemTotal:  1024 kB
/proc/sys/kernel/osrelease:6.1.0-9-amd64
/sys/devices/system/cpu/online:0-3,8
@@ live
/proc/sys/net/core/somaxconn:4096
/proc/sys/net/ipv4/conf/eth0.100/rp_filter:1
/proc/sys/net/ipv4/tcp_rmem:4096\t131072\t6291456
@@ unread
grep: /proc/sys/net/core/bpf_jit_harden: Permission denied
withheld /proc/sys/net/ipv4/tcp_fastopen_key
@@ sockets
via proc
state 06 7
listener 0100007F:0016 0000000A 0
flow 7 06 0100007F 0 0200007F 1F90
@@ files
link -rw-r--r-- 1 0 0 10 May 29  2025 /etc/sysctl.d/10-a.conf
link lrwxrwxrwx 1 0 0 9 May 29  2025 /etc/sysctl.d/20-b.conf -> /dev/null
link -rw------- 1 0 0 9 May 29  2025 /etc/sysctl.d/30-c.conf
stat -rw-r--r-- 1 0 0 10 May 29  2025 /etc/sysctl.d/10-a.conf
stat crw-rw-rw- 1 0 0 1, 3 May 29  2025 /etc/sysctl.d/20-b.conf
stat -rw------- 1 0 0 9 May 29  2025 /etc/sysctl.d/30-c.conf
@@ second
/proc/uptime:102.00 1.00
/proc/net/netstat:TcpExt: ListenDrops TWRecycled
/proc/net/netstat:TcpExt: 30 -1
@@ contents
==> /etc/sysctl.d/10-a.conf <==
a\0b\r\n\xff@@ \n
@@ end 8
"""


def test_a_dump_says_everything() -> None:
    snapshot = parse_dump(DUMP, host="web01")
    assert snapshot.taken == "2026-01-02T03:04:05Z"
    assert snapshot.number(Key("net.core.somaxconn")) == 4096
    assert snapshot.number(Key("net.ipv4.conf.eth0/100.rp_filter")) == 1
    assert snapshot.reading(Key("net.core.bpf_jit_harden")) is Missing.DENIED
    assert snapshot.reading(Key("net.ipv4.tcp_fastopen_key")) is Missing.UNASKED
    assert snapshot.reading(Key("net.ipv4.no_such")) is Missing.ABSENT
    assert (snapshot.system.cpus, snapshot.system.memory, snapshot.system.uid) == (5, 1 << 20, 1000)
    counters = snapshot.require_counters()
    assert counters.rates["TcpExt.ListenDrops"] == 10.0
    assert counters.totals["TcpExt.TWRecycled"] == -1
    sockets = snapshot.require_sockets()
    assert sockets.states == {"TIME-WAIT": 7}
    assert (sockets.listeners[0].address, sockets.listeners[0].port) == ("127.0.0.1", 22)
    assert sockets.listeners[0].queued == 10
    flow = sockets.flows[0]
    assert (flow.local, flow.remote, flow.remote_port) == ("127.0.0.1", "127.0.0.2", 8080)
    assert flow.outbound


def test_contents_are_exact_bytes_and_kinds_follow_links() -> None:
    files = parse_dump(DUMP).files
    assert files is not None
    assert [entry.kind for entry in files] == [Kind.FILE, Kind.OTHER, Kind.UNREADABLE]
    assert files[0].content == b"a\0b\r\n\xff@@ \n"
    assert files[1].target == "/dev/null"
    assert files[2].mode == 0o600


def test_every_cut_is_seen() -> None:
    start = DUMP.index(b"tuner-probe 1\n")
    for length in range(start + 14, len(DUMP) - len(b"@@ end 8\n")):
        with pytest.raises(DumpError, match="cut off"):
            parse_dump(DUMP[:length])


def test_other_versions_and_no_dumps_are_refused() -> None:
    with pytest.raises(DumpError, match="version 2"):
        parse_dump(DUMP.replace(b"tuner-probe 1", b"tuner-probe 2"))
    with pytest.raises(DumpError, match='begins with "bash: no'):
        parse_dump(b"\nbash: no\x1b such file\n")
    with pytest.raises(DumpError, match="counts 9"):
        parse_dump(DUMP.replace(b"@@ end 8", b"@@ end 9"))


def test_long_values_are_cut_and_marked() -> None:
    long = DUMP.replace(b"somaxconn:4096", b"somaxconn:" + b"9" * 10_000)
    value = parse_dump(long).live[Key("net.core.somaxconn")]
    assert value.startswith("9" * LONGEST_VALUE)
    assert value.endswith("[cut]")
    assert len(value) < LONGEST_VALUE + 10


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(DUMP)), st.integers(0, 60), st.binary(max_size=60))
def test_damage_never_raises_anything_else(at: int, length: int, junk: bytes) -> None:
    with contextlib.suppress(DumpError):
        snapshot = parse_dump(DUMP[:at] + junk + DUMP[at + length :])
        assert snapshot.kernel.major >= 0


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_random_bytes_are_no_dump(data: bytes) -> None:
    with pytest.raises(DumpError):
        parse_dump(data)


def test_listeners_that_drop_and_programs_that_hold_sockets() -> None:
    more = b"""via ss
drops 0.0.0.0:80 17
owner CLOSE-WAIT 0 java 3
owner LISTEN 80 ngi\x1bnx 1
state CLOSE-WAIT 3
listener 0.0.0.0:80 512 511
listener [::]:22 0 128
flow 3 CLOSE-WAIT 192.0.2.1 80 - 0
"""
    lines = DUMP[DUMP.index(b"via proc\n") : DUMP.index(b"@@ files")]
    sockets = parse_dump(DUMP.replace(lines, more)).require_sockets()
    assert [(it.port, it.queued, it.backlog, it.drops) for it in sockets.listeners] == [
        (80, 512, 511, 17),
        (22, 0, 128, 0),
    ]
    assert [(it.state, it.port, it.program, it.count) for it in sockets.owners] == [
        ("CLOSE-WAIT", 0, "java", 3),
        ("LISTEN", 80, "ngi\x1bnx", 1),
    ]
    assert sockets.flows[0].local_port == 80
    assert parse_dump(DUMP).require_sockets().owners == ()  # a dump from before there were any


def test_interfaces_are_those_of_the_settings() -> None:
    assert parse_dump(DUMP).interfaces == ("eth0/100",)


def test_a_terminal_s_line_ends_make_no_difference() -> None:
    through_a_terminal = DUMP.replace(b"\n", b"\r\n")
    assert parse_dump(through_a_terminal, host="web01") == parse_dump(DUMP, host="web01")
    with pytest.raises(DumpError, match="cut off"):
        parse_dump(through_a_terminal[: through_a_terminal.rindex(b"@@ end")], host="web01")
