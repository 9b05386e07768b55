from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "tcp_keepalive_time"
REST = {"tcp_keepalive_intvl": "1", "tcp_keepalive_probes": "10"}

CASES: dict[str, dict[str, Any]] = {
    "six seconds": {"live": {KEY: "6", **REST}, "finds": [("note", KEY, "silent for 16 s")]},
    "the rest unknown": {"live": {KEY: "10"}, "finds": [("note", KEY, "after 10 s.")]},
    # A naive auditor wants 7200; a minute is short and a choice.
    "naive: a minute": {"live": {KEY: "60", **REST}},
    "default": {"live": {KEY: "7200"}},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("keepalive-eager", case)
