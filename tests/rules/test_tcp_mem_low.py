from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "tcp_mem"

CASES: dict[str, dict[str, Any]] = {
    "low": {
        "live": {KEY: "25600 51200 102400"},
        "memory": 64 << 30,
        "finds": [("warning", KEY, "refused at 400 MiB of 64 GiB.")],
    },
    "low, and it hurts": {
        "live": {KEY: "25600 51200 102400"},
        "memory": 64 << 30,
        "totals": {"TcpExt.TCPMemoryPressures": 5},
        "finds": [("error", KEY, "entered 5 times")],
    },
    # A naive auditor compares with a number from a blog; on 4 GiB this is the default.
    "naive: a small host": {"live": {KEY: "47000 62000 94000"}, "memory": 4 << 30},
    "udp_mem": {
        "live": {"udp_mem": "512 2048 16384"},
        "memory": 16 << 30,
        "finds": [("warning", "udp_mem", "All UDP buffers together stop growing at 8 MiB")],
    },
    "memory unknown": {"live": {KEY: "1 2 3"}},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("tcp-mem-low", case)
