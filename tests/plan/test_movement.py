"""A plan in values: units, directions, live and next boot."""

from __future__ import annotations

import pytest

from tuner.plan.directions import direction_of
from tuner.plan.movement import move, short
from tuner.plan.plan import Change
from tuner.sysctl.key import Key, parse_key
from tuner.sysctl.value import Value, parse_value


def words(key: str, live: str | None, boot: str | None, after: str, *, write: bool = True) -> str:
    def value(text: str | None) -> Value | None:
        return None if text is None else parse_value(text)

    return move(
        Change(
            key=parse_key(key),
            after=parse_value(after),
            because=("drift",),
            live_before=value(live),
            boot_before=value(boot),
            write=write,
        )
    ).text


ESTABLISHED = "nf_conntrack_tcp_timeout_established"
RMEM = ("net.ipv4.tcp_rmem", "4096\t131072\t6291456")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            words(*RMEM, RMEM[1], "4096 131072 16777216"),
            "tcp_rmem max 6 MiB → 16 MiB: more memory",
        ),
        (
            words(*RMEM, RMEM[1], "8192 87380 6291456"),
            "tcp_rmem min 4 KiB → 8 KiB, initial 128 KiB → 87380 B",
        ),
        (
            words("net.ipv4.conf.all.rp_filter", "1", "1", "2"),
            "all.rp_filter 1 → 2: looser",
        ),
        (
            words("net.ipv4.conf.eth0/100.rp_filter", "0", "0", "1"),
            "eth0/100.rp_filter 0 → 1: stricter",
        ),
        (words("net.ipv4.conf.all.rp_filter", "2", "2", "0"), "all.rp_filter 2 → 0: looser"),
        (
            words("net.ipv6.conf.all.forwarding", "0", "0", "1"),
            "net.ipv6.conf.all.forwarding 0 → 1: looser",
        ),
        (
            words("net.core.somaxconn", "128", "1024", "4096"),
            "somaxconn live 128 → 4096 connections, next boot 1024 → 4096 connections: looser",
        ),
        (
            words("net.core.somaxconn", "128", "4096", "4096"),
            "somaxconn 128 → 4096 connections, as the next boot gives anyway: looser",
        ),
        (
            words("net.ipv4.tcp_fin_timeout", "60", "5", "60", write=False),
            "tcp_fin_timeout next boot 5 → 60 s: longer",
        ),
        (
            words("net.netfilter.nf_conntrack_tcp_timeout_established", "600", None, "7440"),
            f"{ESTABLISHED} live 10 min → 2 h 4 min, next boot unknown → 2 h 4 min: longer",
        ),
        (
            words(
                "net.netfilter.nf_conntrack_tcp_timeout_established", "999999", "432000", "432000"
            ),
            f"{ESTABLISHED} 11 d 13 h 46 min 39 s → 5 d, as the next boot gives anyway: shorter",
        ),
        (
            words("net.ipv4.ip_local_port_range", "32768\t60999", "32768 60999", "10000 60999"),
            "ip_local_port_range first 32768 → 10000 (28232 → 51000 ports)",
        ),
        (
            words("net.ipv4.ip_local_reserved_ports", "", "", "11211"),
            "ip_local_reserved_ports empty → 11211",
        ),
        (
            words("net.ipv4.conf.all.accept_redirects", "0", "0", "0"),
            "all.accept_redirects stays 0, written again",
        ),
        (
            words("net.ipv4.tcp_congestion_control", "reno", "reno", "bbr"),
            "tcp_congestion_control reno → bbr",
        ),
        (
            words("net.ipv4.tcp_max_tw_buckets", "-1", "-1", "262144"),
            "tcp_max_tw_buckets -1 → 262144 sockets",
        ),
        (words("kernel.no_such", "1", "1", "2"), "kernel.no_such 1 → 2"),
        (
            words("net.ipv4.tcp_mem", "1 2 3", "1 2 3", "1 2 4"),
            "tcp_mem high 3 → 4 pages: more memory",
        ),
    ],
)
def test_words(said: str, expected: str) -> None:
    assert said == expected


def test_a_key_is_named_as_people_say_it() -> None:
    assert short(Key("net.ipv4.tcp_sack")) == "tcp_sack"
    assert short(Key("vm.swappiness")) == "vm.swappiness"


def test_no_direction_for_what_nothing_general_can_be_said_of() -> None:
    assert direction_of(Key("net.ipv4.ip_local_port_range")) is None
    looser = direction_of(Key("net.ipv4.conf.lo.rp_filter"))
    assert looser is not None
    assert looser.word(parse_value("1"), parse_value("7")) == ""
    assert looser.word(parse_value("1"), parse_value("1")) == ""
