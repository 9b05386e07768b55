"""The bare output of sysctl -a."""

import pytest

from tuner.errors import DumpError, Unreadable
from tuner.snapshot.snapshot import Missing
from tuner.snapshot.sysctl_a import parse_sysctl_a
from tuner.sysctl.key import Key

OUTPUT = b"""kernel.osrelease = 4.18.0-553.el8_10.x86_64
sysctl: permission denied on key 'net.core.bpf_jit_harden'
sysctl: reading key "net.ipv6.conf.all.stable_secret"
net.core.somaxconn = 4096
net.ipv4.conf.eth0/100.rp_filter = 2
net.ipv4.ip_local_reserved_ports =
net.ipv4.tcp_rmem = 4096\t131072\t6291456
"""


def test_values_and_complaints_are_read() -> None:
    snapshot = parse_sysctl_a(OUTPUT, host="a")
    assert snapshot.kernel.release == "4.18.0-553.el8_10.x86_64"
    assert snapshot.number(Key("net.ipv4.conf.eth0/100.rp_filter")) == 2
    assert str(snapshot.value(Key("net.ipv4.ip_local_reserved_ports"))) == ""
    assert str(snapshot.value(Key("net.ipv4.tcp_rmem"))) == "4096 131072 6291456"
    assert snapshot.reading(Key("net.core.bpf_jit_harden")) is Missing.DENIED
    assert snapshot.reading(Key("net.ipv4.no_such")) is Missing.ABSENT
    assert snapshot.reading(Key("vm.swappiness")) is Missing.UNASKED
    with pytest.raises(Unreadable):
        snapshot.require_counters()


def test_without_a_kernel_it_is_refused() -> None:
    with pytest.raises(DumpError, match="osrelease") as caught:
        parse_sysctl_a(b"net.core.somaxconn = 1\n")
    assert "sysctl -a" in caught.value.hint


def test_other_text_is_refused() -> None:
    with pytest.raises(DumpError, match="begins with"):
        parse_sysctl_a(b"hello\n")
