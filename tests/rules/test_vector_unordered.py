from __future__ import annotations

from collections.abc import Callable
from typing import Any

CASES: dict[str, dict[str, Any]] = {
    "tcp_mem": {
        "live": {"tcp_mem": "65536 25165824 262144"},
        "finds": [("warning", "tcp_mem", "before buffers are ever held back")],
    },
    "tcp_rmem": {
        "live": {"tcp_rmem": "4096 16777216 6291456"},
        "finds": [("warning", "tcp_rmem", "above their own ceiling")],
    },
    # A naive auditor wants them to differ; equal numbers are in order.
    "naive: equal": {"live": {"tcp_wmem": "8192 65536 65536"}},
    "default": {"live": {"tcp_rmem": "4096 131072 6291456", "tcp_mem": "1 2 3"}},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("vector-unordered", case)
