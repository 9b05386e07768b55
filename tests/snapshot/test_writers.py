"""Who writes settings after the files, by what a host shows."""

from __future__ import annotations

import pytest

from tuner.snapshot.writers import find_writers
from tuner.sysctl.boot import covers
from tuner.sysctl.files import Entry
from tuner.sysctl.key import Key

WANTS = "/etc/systemd/system/multi-user.target.wants"


def touched(key: str, shown: str) -> list[str]:
    """Who may touch the key, as NAME PATH."""
    return [
        f"{writer.name} {writer.place}"
        for writer in find_writers([shown], ())
        if any(covers(pattern, Key(key)) for pattern in writer.keys)
    ]


@pytest.mark.parametrize(
    ("unit", "key", "name"),
    [
        ("docker", "net.ipv4.ip_forward", "docker"),
        ("docker", "net.ipv4.conf.all.forwarding", "docker"),
        ("docker", "net.ipv4.tcp_sack", ""),
        ("kubelet", "net.netfilter.nf_conntrack_max", "kubelet or kube-proxy"),
        ("kubelet", "vm.overcommit_memory", "kubelet or kube-proxy"),
        ("kubelet", "net.ipv4.conf.all.rp_filter", ""),
        ("firewalld", "net.ipv6.conf.eth0.forwarding", "firewalld"),
        ("NetworkManager", "net.ipv6.conf.eth0.accept_ra", "NetworkManager"),
        ("NetworkManager", "net.ipv6.conf.all.accept_ra", ""),
        ("cron", "net.ipv4.ip_forward", ""),
    ],
)
def test_enabled_units(unit: str, key: str, name: str) -> None:
    path = f"{WANTS}/{unit}.service"
    assert touched(key, path) == ([f"{name} {path}"] if name else [])


def test_a_nat_network_of_libvirt() -> None:
    path = "/etc/libvirt/qemu/networks/autostart/default.xml"
    assert touched("net.ipv4.ip_forward", path) == [f"libvirt {path}"]


def test_networkd_by_interface() -> None:
    path = "/etc/systemd/network/10-lan.network"
    text = b"[Match]\nName=en* eth0.100\n[Network]\nIPForward=yes\nIPv6AcceptRA=no\n"
    writers = find_writers((), [Entry(path, content=text)])

    def lines(key: str) -> list[int]:
        return [w.line for w in writers if any(covers(it, Key(key)) for it in w.keys)]

    assert lines("net.ipv4.conf.enp1s0.forwarding") == [4]
    assert lines("net.ipv4.conf.eth0/100.forwarding") == [4]
    assert lines("net.ipv4.conf.wlan0.forwarding") == []
    assert lines("net.ipv4.ip_forward") == [4]
    assert lines("net.ipv6.conf.enp1s0.accept_ra") == [5, 0]
    assert lines("net.ipv6.conf.all.accept_ra") == []


def test_rules_and_scripts_that_call_sysctl() -> None:
    rule = b'# x\nSUBSYSTEM=="module", RUN+="/lib/systemd/systemd-sysctl --prefix=/net/netfilter"\n'
    script = b"#!/bin/sh\n#sysctl -w net.ipv4.tcp_sack=0\nsysctl -q -w net.ipv4.tcp_sack=1\n"
    entries = [
        Entry("/etc/udev/rules.d/50-x.rules", content=rule),
        Entry("/etc/rc.local", content=script),
        Entry(
            "/etc/network/interfaces", content=b"  up sysctl net/ipv4/conf/eth0.100/rp_filter=2\n"
        ),
    ]
    found = find_writers((), entries)
    assert [(writer.name, writer.place) for writer in found] == [
        ("udev rule", "/etc/udev/rules.d/50-x.rules:2"),
        ("start script", "/etc/rc.local:3"),
        ("start script", "/etc/network/interfaces:1"),
    ]
    assert covers(found[0].keys[1], Key("net.netfilter.nf_conntrack_max"))
    assert found[1].keys == ("net.ipv4.tcp_sack",)
    assert found[2].keys == ("net.ipv4.conf.eth0/100.rp_filter",)


def test_hostile_files_are_bounded() -> None:
    entries = [Entry("/etc/rc.local", content=b"sysctl net.a=1\n" * 10_000)]
    assert len(find_writers(["x"] * 10_000, entries)) <= 64
