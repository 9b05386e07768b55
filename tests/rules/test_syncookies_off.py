from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "tcp_syncookies"

CASES: dict[str, dict[str, Any]] = {
    "off": {"live": {KEY: "0"}, "finds": [("warning", KEY, "drops every new client")]},
    "off, public": {"live": {KEY: "0"}, "roles": ("public-server",), "finds": [("error", KEY, "")]},
    "off, reached by the Internet": {
        "live": {KEY: "0"},
        "facts": {"internet": "yes"},
        "finds": [("error", KEY, "")],
    },
    "off, and it hurts": {
        "live": {KEY: "0"},
        "totals": {"TcpExt.TCPReqQFullDrop": 1234},
        "finds": [("error", KEY, "1,234 since boot")],
    },
    # A naive auditor looks for the line; without one the kernel has cookies on.
    "naive: no line": {"live": {KEY: "1"}, "files": {}},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("syncookies-off", case)
