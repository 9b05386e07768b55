from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "tcp_max_orphans"
NOW = "sockstat.TCP.orphan"

CASES: dict[str, dict[str, Any]] = {
    "a quarter": {
        "live": {KEY: "16384"},
        "totals": {NOW: 5000},
        "finds": [("warning", KEY, "5,000 orphans of 16,384")],
    },
    "half": {
        "live": {KEY: "16384"},
        "totals": {NOW: 9000, "TcpExt.TCPAbortOnMemory": 3},
        "finds": [("error", KEY, "3 were reset")],
    },
    # A naive auditor flags the count; it is a small part of this limit.
    "naive: many": {"live": {KEY: "262144"}, "totals": {NOW: 9000}},
    "a container": {"totals": {NOW: 9000}},
    "counters unseen": {"live": {KEY: "16384"}, "skips": "kernel counters"},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("orphans-near-limit", case)
