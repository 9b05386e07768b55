from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "tcp_max_tw_buckets"
HOST = {KEY: "131072", "tcp_ehash_entries": "262144"}
LOST = "TcpExt.TCPTimeWaitOverflow"

CASES: dict[str, dict[str, Any]] = {
    "now": {
        "live": HOST,
        "totals": {LOST: 5000},
        "rates": {LOST: 1000.0, "TcpExt.TW": 2000.0},
        "finds": [("error", KEY, "At 3,000 closes a second they need 1.5 · 3,000 · 60 = 270,000")],
    },
    "often": {"live": HOST, "totals": {LOST: 5000}, "finds": [("warning", KEY, "208 an hour")]},
    "once": {"live": HOST, "totals": {LOST: 3}, "finds": [("note", KEY, "3 since boot")]},
    # A naive auditor counts TIME_WAIT entries; none was lost here.
    "naive: many entries": {"live": HOST, "totals": {"sockstat.TCP.tw": 130000}},
    "low: another rule": {"live": HOST | {KEY: "1000"}, "totals": {LOST: 5000}},
    "counters unseen": {"live": HOST, "skips": "kernel counters"},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("time-wait-overflow", case)
