from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "tcp_retries2"

CASES: dict[str, dict[str, Any]] = {
    "five": {"live": {KEY: "5"}, "finds": [("warning", KEY, "after 12.6 s")]},
    "three, counted": {
        "live": {KEY: "3"},
        "totals": {"TcpExt.TCPAbortOnTimeout": 99},
        "finds": [("warning", KEY, "99 connections")],
    },
    # A naive auditor wants 15; 8 is what the RFC asks for.
    "naive: eight": {"live": {KEY: "8"}},
    "the policy wants it": {
        "live": {KEY: "5"},
        "profile": "expect: {net.ipv4.tcp_retries2: {exactly: 5, why: w, sources: s}}",
    },
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("retries2-low", case)
