from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "ip_local_port_range"

CASES: dict[str, dict[str, Any]] = {
    "even": {"live": {KEY: "10000 65000"}, "finds": [("note", KEY, "same parity")]},
    "odd": {"live": {KEY: "1025 65535"}, "finds": [("note", KEY, "same parity")]},
    "at the next boot": {
        "live": {KEY: "32768 60999"},
        "files": {"/etc/sysctl.d/9.conf": "net.ipv4.ip_local_port_range = 15000 65000"},
        "finds": [("note", KEY, "The next boot sets it.")],
    },
    # A naive auditor flags what looks odd; this is what old kernels start with.
    "naive: the default of Linux 3.10": {"kernel": "3.10.0", "live": {KEY: "32768 61000"}},
    "default": {"live": {KEY: "32768 60999"}},
    "one port": {"live": {KEY: "5000 5000"}},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("port-range-same-parity", case)
