from __future__ import annotations

from collections.abc import Callable
from typing import Any

FILE = "/etc/sysctl.d/50-old.conf"


def line(text: str, kernel: str = "6.1.0", **live: str) -> dict[str, Any]:
    return {"kernel": kernel, "files": {FILE: text}, "live": live}


CASES: dict[str, dict[str, Any]] = {
    "the table is smaller than its owner believes": {
        "live": {"net.netfilter.nf_conntrack_max": "65536"},
        "files": {"/etc/sysctl.d/9.conf": "net.ipv4.ip_conntrack_max = 655360"},
        "finds": [("warning", "ip_conntrack_max", "It is 65,536 here, and not the 655,360")],
    },
    "the table is as large anyway": {
        "live": {"net.netfilter.nf_conntrack_max": "655360"},
        "files": {"/etc/sysctl.d/9.conf": "net.ipv4.ip_conntrack_max = 655360"},
        "finds": [("note", "ip_conntrack_max", "")],
    },
    "gone": line("net.ipv4.tcp_frto_response = 2")
    | {"finds": [("note", "tcp_frto_response", "Linux 3.9 was the last to have")]},
    "gone, with a successor": line("net.ipv4.ip_conntrack_max = 65536")
    | {"finds": [("note", "ip_conntrack_max", "net.netfilter.nf_conntrack_max")]},
    "never there": line("net.inet.tcp.msl = 1000")
    | {"finds": [("note", "net.inet.tcp.msl", "No Linux release ever had")]},
    "not there yet": line("net.ipv4.tcp_tw_reuse_delay = 1000")
    | {"finds": [("note", "tcp_tw_reuse_delay", "came with Linux 6.14; this is 6.1.0")]},
    "once for every line": line("net.ipv4.tcp_abc = 1\nnet.ipv4.tcp_abc = 2\n")
    | {"finds": [("note", "tcp_abc", "exit with 1"), ("note", "tcp_abc", "exit with 1")]},
    "with a minus sign": line("-net.ipv4.tcp_abc = 1")
    | {"finds": [("note", "tcp_abc", "The line does nothing.")]},
    "an old kernel still has it": line(
        "net.ipv4.tcp_frto_response = 2", kernel="3.2.0", tcp_frto_response="0"
    ),
    # A naive auditor goes by the release; a vendor's kernel that shows the key has it.
    "backported": line(
        "net.ipv4.tcp_tw_reuse_delay = 1000", kernel="5.14.0-503.el9", tcp_tw_reuse_delay="1000"
    ),
    # A naive auditor reports what is absent; the module is merely not loaded.
    "module not loaded": line("net.netfilter.nf_conntrack_max = 262144"),
    "has a rule of its own": line("net.ipv4.tcp_tw_recycle = 1"),
    "nobody knows the key": line("net.ipv4.tcp_my_patch = 1"),
    "an exclusion": line("-net.ipv4.tcp_abc"),
    "a file that boot does not read": {"files": {"/etc/sysctl.conf": "net.ipv4.tcp_abc = 1"}},
    "no files": {"files": None, "skips": "sysctl.d files"},
    "one file unreadable": line("net.ipv4.tcp_abc = 1")
    | {
        "unreadable": ("/etc/sysctl.d/60-secret.conf",),
        "finds": [("note", "tcp_abc", "")],
        "skips": "60-secret.conf",
    },
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("removed-key", case)
