from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tuner.snapshot.snapshot import Missing

FILE = "/etc/sysctl.d/60-web.conf"
RP = "net.ipv4.conf.{}.rp_filter"


def host(live: dict[str, Any], text: str, **more: Any) -> dict[str, Any]:
    return {"live": live, "files": {FILE: text}, **more}


CASES: dict[str, dict[str, Any]] = {
    "right now, a line undoes it": host(
        {"tcp_sack": "1"},
        "net.ipv4.tcp_sack = 0",
        finds=[("warning", "tcp_sack", f"lost at the next boot: {FILE}:1 sets 0")],
    ),
    "right now, nothing keeps it": host(
        {"tcp_tw_reuse": "1"},
        "",
        roles=("client-heavy",),
        finds=[("warning", "tcp_tw_reuse", "no file sets it and the kernel starts with 2")],
    ),
    "right now and kept": host(
        {"tcp_tw_reuse": "1"}, "net.ipv4.tcp_tw_reuse = 1", roles=("client-heavy",)
    ),
    "the severity is the expectation's": host(
        {"ip_forward": "1"},
        "",
        roles=("nat-gateway",),
        finds=[("error", "ip_forward", "the kernel starts with 0")],
    ),
    "wrong now: drift's business": host({"tcp_sack": "0"}, "net.ipv4.tcp_sack = 1"),
    "no policy on it": host(
        {"tcp_keepalive_time": "7200"},
        "\nnet.ipv4.tcp_keepalive_time = 600",
        finds=[("warning", "tcp_keepalive_time", f"{FILE}:2 sets 600, but")],
    ),
    # Naive comparisons of text would fire on all of these.
    "as the kernel prints it": host(
        {"ip_local_port_range": "10000\t65535"}, "net.ipv4.ip_local_port_range = 10000 65535"
    ),
    "hexadecimal": host({"tcp_keepalive_time": "16"}, "net.ipv4.tcp_keepalive_time = 0x10"),
    "octal": host({"tcp_keepalive_time": "64"}, "net.ipv4.tcp_keepalive_time = 0100"),
    "a comment behind it": host(
        {"tcp_keepalive_time": "600"}, "net.ipv4.tcp_keepalive_time = 600 # ten minutes"
    ),
    "the first number only": host(
        {"ip_local_port_range": "40000\t60999"}, "net.ipv4.ip_local_port_range = 40000"
    ),
    "a list of ports": host(
        {"ip_local_reserved_ports": "8080-8082,9000"},
        "net.ipv4.ip_local_reserved_ports = 9000,8080,8081,8082",
    ),
    "the later line": host(
        {"tcp_keepalive_time": "600"},
        "net.ipv4.tcp_keepalive_time = 60\nnet.ipv4.tcp_keepalive_time = 600",
    ),
    # The kernel refuses 3 (EINVAL): the line is wrong, but it changes nothing at boot.
    "a value that the kernel refuses": host({"tcp_tw_reuse": "2"}, "net.ipv4.tcp_tw_reuse = 3"),
    "quotes": host({"tcp_keepalive_time": "7200"}, 'net.ipv4.tcp_keepalive_time = "600"'),
    "a refused line keeps nothing": host(
        {"tcp_tw_reuse": "1"},
        "net.ipv4.tcp_tw_reuse = 3",
        roles=("client-heavy",),
        finds=[("warning", "tcp_tw_reuse", "no file sets it")],
    ),
    "a key without effect": host({"tcp_low_latency": "0"}, "net.ipv4.tcp_low_latency = 1"),
    "a key that is not here": host({}, "net.netfilter.nf_conntrack_max = 262144"),
    "a file that boot does not read": {
        "live": {"tcp_keepalive_time": "7200"},
        "files": {"/etc/sysctl.conf": "net.ipv4.tcp_keepalive_time = 600"},
    },
    "the kernel command line": {
        "live": {"tcp_keepalive_time": "7200"},
        "cmdline": "quiet sysctl.net.ipv4.tcp_keepalive_time=600",
        "finds": [("warning", "tcp_keepalive_time", "/proc/cmdline:1 sets 600")],
    },
    "a pattern, once for its line": host(
        {RP.format(name): "0" for name in ("all", "eth0", "eth1", "veth1")},
        "net.ipv4.conf.*.rp_filter = 2",
        finds=[("warning", RP.format("all"), "rp_filter and 3 more are 0 now")],
    ),
    "a pattern, and interfaces of their own": host(
        {RP.format("all"): "2", RP.format("cali1"): "0", RP.format("cali2"): "0"},
        "net.ipv4.conf.*.rp_filter = 2",
        finds=[("note", RP.format("cali1"), "and 1 more are 0 now")],
    ),
    "two lines": host(
        {"tcp_keepalive_time": "7200", "tcp_keepalive_intvl": "75"},
        "net.ipv4.tcp_keepalive_time = 600\nnet.ipv4.tcp_keepalive_intvl = 10",
        finds=[
            ("warning", "tcp_keepalive_time", f"{FILE}:1"),
            ("warning", "tcp_keepalive_intvl", f"{FILE}:2"),
        ],
    ),
    "a trigger is written, never read": host(
        {"route.flush": Missing.DENIED, "net.ipv4.route.flush": Missing.DENIED},
        "net.ipv4.route.flush = 1",
    ),
    "unreadable": host(
        {"tcp_keepalive_time": Missing.DENIED},
        "net.ipv4.tcp_keepalive_time = 600",
        skips="tcp_keepalive_time (denied)",
    ),
    "no files": {"live": {"tcp_sack": "1"}, "files": None, "skips": "sysctl.d files"},
    "one file unreadable": host(
        {"tcp_keepalive_time": "7200"},
        "net.ipv4.tcp_keepalive_time = 600",
        unreadable=("/etc/sysctl.d/99-secret.conf",),
        skips="99-secret.conf",
    ),
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("boot-drift", case)
