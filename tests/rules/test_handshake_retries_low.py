from __future__ import annotations

from collections.abc import Callable
from typing import Any

SYN, SYNACK = "tcp_syn_retries", "tcp_synack_retries"

CASES: dict[str, dict[str, Any]] = {
    "both": {
        "live": {SYN: "1", SYNACK: "1"},
        "finds": [("warning", SYN, "fails after 3 s"), ("warning", SYNACK, "after 3 s")],
    },
    "none at all": {"live": {SYNACK: "0"}, "finds": [("warning", SYNACK, "after 1 s")]},
    "linear timeouts": {
        "kernel": "6.8.0",
        "live": {SYN: "1", "tcp_syn_linear_timeouts": "4"},
        "finds": [("warning", SYN, "fails after 3 s")],
    },
    # A naive auditor wants the defaults; 2 is short and still survives a lost packet.
    "naive: two": {"live": {SYN: "2", SYNACK: "2"}},
    "defaults": {"live": {SYN: "6", SYNACK: "5"}},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("handshake-retries-low", case)
