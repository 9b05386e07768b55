from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "tcp_abort_on_overflow"

CASES: dict[str, dict[str, Any]] = {
    "on": {"live": {KEY: "1"}, "finds": [("warning", KEY, "a short burst into errors")]},
    "on, and queues were full": {
        "live": {KEY: "1"},
        "totals": {"TcpExt.ListenOverflows": 42},
        "finds": [("error", KEY, "full 42 times")],
    },
    # A naive auditor flags it; the profile knows a balancer that retries.
    "naive: the policy wants it": {
        "live": {KEY: "1"},
        "profile": "expect: {net.ipv4.tcp_abort_on_overflow: {exactly: 1, why: w, sources: s}}",
    },
    "off": {"live": {KEY: "0"}},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("abort-on-overflow", case)
