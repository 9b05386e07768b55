from __future__ import annotations

from collections.abc import Callable
from typing import Any

FILE = "/etc/sysctl.d/9.conf"
START = {"ip_unprivileged_port_start": "1024"}


def line(key: str, value: str, live: str = "1", **more: Any) -> dict[str, Any]:
    return {"live": {key: live, **START}, "files": {FILE: f"{key} = {value}"}, **more}


RANGE = "net.ipv4.ip_local_port_range"
CASES: dict[str, dict[str, Any]] = {
    "privileged ports": line(RANGE, "500 65000", "32768 60999")
    | {"finds": [("warning", RANGE, "ip_unprivileged_port_start, 1024")]},
    "a dash": line(RANGE, "1024-65535", "32768 60999")
    | {"finds": [("warning", RANGE, "two ports with a blank")]},
    "backwards": line(RANGE, "65535 1024", "32768 60999")
    | {"finds": [("warning", RANGE, "above the last")]},
    "beyond the last port": line(RANGE, "1024 70000", "32768 60999")
    | {"finds": [("warning", RANGE, "1 to 65535")]},
    "three is no value of tcp_tw_reuse": line("net.ipv4.tcp_tw_reuse", "3")
    | {"finds": [("warning", "tcp_tw_reuse", "it takes 0 to 2")]},
    "a word": line("net.ipv4.tcp_sack", "yes")
    | {"finds": [("warning", "tcp_sack", "whole numbers")]},
    # A naive auditor knows that 500 is too low; this kernel has no such limit.
    "naive: an old kernel": {
        "kernel": "3.10.0",
        "live": {RANGE: "32768 61000"},
        "files": {FILE: f"{RANGE} = 500 65000"},
    },
    "fine": line(RANGE, "10000 65535", "10000 65535"),
    "a single number is taken": line(RANGE, "40000", "40000 60999"),
    "not in this namespace": {"files": {FILE: "net.ipv4.tcp_tw_reuse = 3"}},
    "no files": {"files": None, "skips": "sysctl.d files"},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("refused-value", case)
