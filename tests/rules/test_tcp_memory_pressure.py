from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "tcp_mem"
HOST = {KEY: "75000 100000 150000"}
USED, TIMES = "sockstat.TCP.mem", "TcpExt.TCPMemoryPressures"

CASES: dict[str, dict[str, Any]] = {
    "near": {"live": HOST, "totals": {USED: 85000}, "finds": [("warning", KEY, "hold 332 MiB")]},
    "above": {"live": HOST, "totals": {USED: 100001}, "finds": [("error", KEY, "391 MiB on")]},
    "entered now": {
        "live": HOST,
        "totals": {USED: 500, TIMES: 9},
        "rates": {TIMES: 2.0},
        "finds": [("error", KEY, "2 a second now")],
    },
    "often": {
        "live": HOST,
        "totals": {USED: 500, TIMES: 48},
        "finds": [("warning", KEY, "2 an hour")],
    },
    # A naive auditor flags any pressure since boot; once in a day is a burst.
    "naive: once": {"live": HOST, "totals": {USED: 500, TIMES: 1}},
    "a container": {"totals": {USED: 100001}},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("tcp-memory-pressure", case)
