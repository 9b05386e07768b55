from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from tuner.snapshot.boots import Given, boot_of
from tuner.sysctl.boot import Boot, Writer, boot
from tuner.sysctl.files import Entry, Kind
from tuner.sysctl.key import Key
from tuner.sysctl.loaders import parse_program
from tuner.sysctl.version import parse_version

FIN, NOVEL, USER = Key("net.ipv4.tcp_fin_timeout"), Key("net.core.novel"), Key("net.core.other")
ETH0 = Key("net.ipv4.conf.eth0.rp_filter")
LIVE = {
    FIN: "60",
    NOVEL: "1 2 3",  # no catalogue knows it: what it shows tells how many numbers it has
    USER: "5",
    Key("net.ipv4.conf.all.rp_filter"): "0",
    Key("net.ipv4.conf.default.rp_filter"): "0",
    ETH0: "0",
    Key("net.ipv4.conf.all.forwarding"): "0",
    Key("net.ipv4.ip_forward"): "0",
}
FILE = Entry(
    "/etc/sysctl.d/60-a.conf",
    content=b"net.ipv4.tcp_fin_timeout = 30\nnet.core.novel = 7 8\nnet.ipv4.conf.*.rp_filter = 1\n",
)


def given(**other: Any) -> Given:
    usual = Given(
        entries=(FILE,),
        cmdline="",
        later=(),
        program=parse_program("systemd:252"),
        version=parse_version("6.1.0"),
        lib_is_usr_lib=True,
        credential=None,
        read_only=(),
        fixed=frozenset(),
        modules_load=(),
        complete=frozenset({"net"}),
        profiles=(),
        reapply=True,
        writers=(),
    )
    return replace(usual, **other)


def fresh(what: Given, live: dict[Key, str]) -> Boot:
    return boot(what.entries, keys=live, program=what.program, version=what.version)


def test_hosts_that_boot_alike_have_one_boot() -> None:
    first = boot_of(given(), LIVE)
    assert first == fresh(given(), LIVE)
    assert boot_of(given(), {**LIVE, USER: "a b", FIN: "10", NOVEL: "4 5 6"}) is first


@pytest.mark.parametrize(
    "live",
    [
        {**LIVE, NOVEL: "1"},
        {**LIVE, NOVEL: "on"},
        {key: text for key, text in LIVE.items() if key != NOVEL},
        {key: text for key, text in LIVE.items() if key != ETH0},
        {**LIVE, Key("net.ipv4.conf.eth1.rp_filter"): "0"},
    ],
)
def test_whatever_shows_in_the_boot_is_looked_at(live: dict[Key, str]) -> None:
    usual = boot_of(given(), LIVE)
    other = boot_of(given(), live)
    assert other == fresh(given(), live)
    assert other is not usual
    assert boot_of(given(), LIVE) is usual
    assert boot_of(given(), live) is other


OTHERS: dict[str, Any] = {
    "entries": (replace(FILE, content=b"net.ipv4.tcp_fin_timeout = 20\n"),),
    "cmdline": "sysctl.net.core.other=3",
    "later": (Entry("/etc/ufw/sysctl.conf", content=b"net.ipv4.tcp_fin_timeout = 5\n"),),
    "program": parse_program("busybox"),
    "version": parse_version("3.10.0"),
    "lib_is_usr_lib": False,
    "credential": b"net.core.other = 8\n",
    "read_only": ("net/ipv4",),
    "fixed": frozenset({FIN}),
    "modules_load": (Entry("/etc/modules", content=b"nf_conntrack\n"),),
    "complete": frozenset(),
    "profiles": (Entry("/etc/tuned/a/tuned.conf", content=b"[sysctl]\nnet.core.other = 1\n"),),
    "reapply": False,
    "writers": (Writer("docker", "/usr/bin/dockerd", 0, ("net.ipv4.ip_forward",), "sets it"),),
}


@pytest.mark.parametrize("name", [field.name for field in fields(Given)])
def test_everything_that_is_given_counts(name: str) -> None:
    usual = boot_of(given(), LIVE)
    assert boot_of(given(**{name: OTHERS[name]}), LIVE) is not usual


def test_large_files_are_not_kept() -> None:
    large = given(entries=(FILE, Entry("/etc/sysctl.d/70.conf", Kind.FILE, b"#" * (1 << 18))))
    first = boot_of(large, LIVE)
    assert boot_of(large, LIVE) is not first
    assert boot_of(large, LIVE) == first


def test_only_so_many_sets_of_keys_are_kept_for_the_same_files() -> None:
    hosts = [{**LIVE, Key(f"net.ipv4.conf.eth{n}.rp_filter"): "0"} for n in range(1, 12)]
    boots = [boot_of(given(), live) for live in hosts]
    again = [boot_of(given(), live) for live in hosts]
    assert boots == again
    assert boots[0] is not again[0]
