from __future__ import annotations

from collections.abc import Callable
from typing import Any

FILE = "/etc/sysctl.d/9.conf"

CASES: dict[str, dict[str, Any]] = {
    "low latency": {
        "live": {"tcp_low_latency": "1"},
        "files": {FILE: "net.ipv4.tcp_low_latency = 1"},
        "finds": [("note", "tcp_low_latency", "Since Linux 4.14")],
    },
    "fack, once": {
        "live": {"tcp_fack": "1"},
        "files": {FILE: "net.ipv4.tcp_fack = 1\nnet.ipv4.tcp_fack = 2"},
        "finds": [("note", "tcp_fack", "Since Linux 4.15")],
    },
    "the routes' cache": {
        "live": {"route.gc_timeout": "100"},
        "files": {FILE: "net.ipv4.route.gc_timeout = 100\nnet.ipv4.route.flush = 1"},
        "finds": [("note", "route.gc_timeout", "3.6"), ("note", "route.flush", "once, at boot")],
    },
    # A naive auditor knows that tcp_low_latency is dead; on this kernel it is not.
    "naive: an old kernel": {
        "kernel": "4.9.0",
        "live": {"tcp_low_latency": "1"},
        "files": {FILE: "net.ipv4.tcp_low_latency = 1"},
    },
    "it repeats the default": {
        "live": {"tcp_low_latency": "0"},
        "files": {FILE: "net.ipv4.tcp_low_latency = 0"},
    },
    "not in this namespace": {"files": {FILE: "net.ipv4.tcp_low_latency = 1"}},
    "adv_win_scale still counts": {
        "kernel": "6.1.0",
        "live": {"tcp_adv_win_scale": "2"},
        "files": {FILE: "net.ipv4.tcp_adv_win_scale = 2"},
    },
    "no files to look at": {"files": None, "skips": "sysctl.d files"},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("inert-key", case)
