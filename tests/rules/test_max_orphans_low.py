from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "tcp_max_orphans"

CASES: dict[str, dict[str, Any]] = {
    "low": {
        "live": {KEY: "4096"},
        "memory": 24 << 30,
        "finds": [("warning", KEY, "lose the end of their answers.")],
    },
    "low, and it hurts": {
        "live": {KEY: "4096"},
        "memory": 24 << 30,
        "totals": {"TcpExt.TCPAbortOnMemory": 12, "sockstat.TCP.orphan": 3000},
        "finds": [("error", KEY, "3,000 now, and 12 resets")],
    },
    # A naive auditor calls 4096 low; on 1 GiB it is what the kernel chose.
    "naive: a small host": {"live": {KEY: "4096"}, "memory": 1 << 30},
    "memory unknown": {"live": {KEY: "4096"}},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("max-orphans-low", case)
