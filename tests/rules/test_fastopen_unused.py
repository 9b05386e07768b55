from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "tcp_fastopen"

CASES: dict[str, dict[str, Any]] = {
    "on, unused": {"live": {KEY: "3"}, "totals": {}, "finds": [("note", KEY, "since boot")]},
    # A naive auditor calls 3 a myth; this server is asked for cookies.
    "naive: on, used": {"live": {KEY: "3"}, "totals": {"TcpExt.TCPFastOpenPassive": 5}},
    "without cookies": {
        "live": {KEY: "519"},
        "totals": {},
        "finds": [("warning", KEY, "for any forged address")],
    },
    "for all listeners": {"live": {KEY: "1027"}, "finds": [("warning", KEY, "every listener")]},
    "default": {"live": {KEY: "1"}, "totals": {}},
    "counters unseen": {"live": {KEY: "3"}, "skips": "kernel counters"},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("fastopen-unused", case)
