"""Programs that write kernel settings after the sysctl files, and the files that show it.

Only what a file proves is told: a unit that is enabled, a network file that names the setting, a
rule or a start script that calls sysctl. Sources: systemd v252 ``src/network/networkd-sysctl.c``;
moby ``libnetwork/drivers/bridge/setup_ip_forwarding.go``; libvirt ``bridge_driver_linux.c``;
firewalld ``fw_zone.py``; kubernetes ``pkg/proxy/conntrack``, ``pkg/kubelet/cm``; keepalived(8).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from tuner.sysctl.boot import Writer
from tuner.sysctl.files import Entry, normalize_key

_FORWARD = ("net.ipv4.ip_forward", "net.ipv4.conf.*.forwarding", "net.ipv6.conf.*.forwarding")
"""Whoever turns ``ip_forward`` on turns on forwarding of all, default and every interface."""
_DAEMONS: Mapping[str, tuple[str, tuple[str, ...], str]] = {
    "docker.service": ("docker", (*_FORWARD, "net.bridge.bridge-nf-call-*"), "turns forwarding on"),
    "firewalld.service": ("firewalld", _FORWARD, "turns forwarding on for zones that masquerade"),
    "keepalived.service": ("keepalived", _FORWARD, "may turn forwarding on"),
    "frr.service": ("FRR", _FORWARD, "turns forwarding on where it routes"),
    "kubelet.service": (
        "kubelet or kube-proxy",
        (
            *_FORWARD,
            "net.ipv4.conf.@.route_localnet",
            "net.ipv4.conf.@.rp_filter",
            "net.netfilter.nf_conntrack_max",
            "net.nf_conntrack_max",
            "net.netfilter.nf_conntrack_tcp_timeout_established",
            "net.netfilter.nf_conntrack_tcp_timeout_close_wait",
            "net.netfilter.nf_conntrack_tcp_be_liberal",
            "net.ipv4.vs.*",
            "net.bridge.bridge-nf-call-*",
            "kernel.panic",
            "kernel.panic_on_oops",
            "vm.overcommit_memory",
            "vm.panic_on_oom",
        ),
        "writes the values that it needs; conntrack's only where they are lower",
    ),
    "NetworkManager.service": (
        "NetworkManager",
        (
            "net.ipv6.conf.@.accept_ra*",
            "net.ipv6.conf.@.disable_ipv6",
            "net.ipv6.conf.@.use_tempaddr",
            "net.ipv6.conf.@.addr_gen_mode",
        ),
        "sets the interfaces that it manages",
    ),
    "bpftune.service": ("bpftune", ("net.*.*", "net.*.*.*"), "tunes settings by itself"),
}
_IPV4, _IPV6 = "net.ipv4.conf.{}.", "net.ipv6.conf.{}."
_NETWORKD: Mapping[str, tuple[str, ...]] = {
    "ipforward": (f"{_IPV4}forwarding", f"{_IPV6}forwarding", "net.ipv4.ip_forward"),
    "ipv4forwarding": (f"{_IPV4}forwarding", "net.ipv4.ip_forward"),
    "ipv6forwarding": (f"{_IPV6}forwarding",),
    "ipmasquerade": (f"{_IPV4}forwarding", f"{_IPV6}forwarding", "net.ipv4.ip_forward"),
    "ipv6acceptra": (f"{_IPV6}accept_ra",),
    "ipv6privacyextensions": (f"{_IPV6}use_tempaddr",),
    "ipv6duplicateaddressdetection": (f"{_IPV6}dad_transmits",),
    "ipv6hoplimit": (f"{_IPV6}hop_limit",),
    "ipv6mtubytes": (f"{_IPV6}mtu",),
    "ipv6proxyndp": (f"{_IPV6}proxy_ndp",),
    "ipv4proxyarp": (f"{_IPV4}proxy_arp",),
    "ipv4acceptlocal": (f"{_IPV4}accept_local",),
    "ipv4routelocalnet": (f"{_IPV4}route_localnet",),
    "ipv4reversepathfilter": (f"{_IPV4}rp_filter",),
}
_ALWAYS = (f"{_IPV6}accept_ra", f"{_IPV6}disable_ipv6", f"{_IPV4}promote_secondaries")
_MOST = 64
_ASSIGNED = re.compile(
    r"sysctl\b[^#\n]*?(?:-w\s*|--write\s+)?((?:net|kernel|vm|fs)[./][\w./*-]+)\s*=", re.ASCII
)
_PREFIX = re.compile(r"--prefix=(\S+?)[\"',\s]", re.ASCII)
_NAME = re.compile(r"^\s*Name\s*=\s*([^#\n]{1,200})", re.MULTILINE)


def find_writers(shown: Iterable[str], entries: Iterable[Entry]) -> tuple[Writer, ...]:
    """Return who may write later.

    Args:
        shown: paths that are there, of enabled units and the like.
        entries: files whose content tells: systemd's network files, udev rules, start scripts.
    """
    found: list[Writer] = []
    for path in shown:
        known = _DAEMONS.get(path.rpartition("/")[2])
        if known is not None and not any(writer.name == known[0] for writer in found):
            found.append(Writer(known[0], path, 0, known[1], known[2]))
        elif path.startswith("/etc/libvirt/qemu/networks/autostart/"):
            found.append(Writer("libvirt", path, 0, _FORWARD, "turns forwarding on for NAT"))
    for entry in entries:
        text = entry.content[: 1 << 16].decode("utf-8", "backslashreplace")
        if entry.path.startswith(("/etc/systemd/network", "/run/systemd/network")):
            found += _of_networkd(entry.path, text)
        elif entry.path.startswith(("/etc/udev/", "/run/udev/")):
            found += _of_calls("udev rule", entry.path, text)
        elif entry.path.startswith(_SCRIPTS):
            found += _of_calls("start script", entry.path, text)
    return tuple(found[:_MOST])


_SCRIPTS = ("/etc/rc.local", "/etc/network/", "/etc/local.d/", "/etc/rc.d/", "/etc/init.d/")


def is_telling(path: str) -> bool:
    """Tell whether the file's content is one that ``find_writers`` looks at."""
    return path.startswith(
        ("/etc/systemd/network", "/run/systemd/network", "/etc/udev/", "/run/udev/", *_SCRIPTS)
    )


def _of_networkd(path: str, text: str) -> Iterator[Writer]:
    names = _NAME.search(text)
    interfaces = ["@"]
    if names and path.endswith(".network"):
        interfaces = names[1].split()
    for number, line in enumerate(text.split("\n"), 1):
        name, equals, value = line.partition("=")
        patterns = _NETWORKD.get(name.strip().lower()) if equals else None
        if patterns:
            yield Writer(
                "systemd-networkd",
                path,
                number,
                _spread(patterns, interfaces),
                f"{name.strip()}={value.strip()[:40]}",
            )
    if path.endswith(".network"):
        what = "handles router advertisements itself"
        yield Writer("systemd-networkd", path, 0, _spread(_ALWAYS, interfaces), what)


def _spread(patterns: Iterable[str], interfaces: Iterable[str]) -> tuple[str, ...]:
    """Return the patterns for each interface's name, as keys spell it."""
    return tuple(
        pattern.format("@" if name == "*" else name.replace(".", "/"))
        for pattern in patterns
        for name in interfaces
    )


def _of_calls(name: str, path: str, text: str) -> Iterator[Writer]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.lstrip().startswith("#") or "sysctl" not in line:
            continue
        keys = [str(normalize_key(match)) for match in _ASSIGNED.findall(line)]
        for prefix in _PREFIX.findall(f"{line} "):
            key = normalize_key(prefix.removeprefix("/proc/sys"))
            keys += [key, *(f"{key}{'.*' * depth}" for depth in (1, 2, 3))]
        if keys:
            yield Writer(name, path, number, tuple(keys), "calls sysctl")
