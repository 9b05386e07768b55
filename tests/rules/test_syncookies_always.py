from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "tcp_syncookies"

CASES: dict[str, dict[str, Any]] = {
    "always": {"live": {KEY: "2"}, "finds": [("warning", KEY, "a cookie for every SYN")]},
    "always, counted": {
        "live": {KEY: "2"},
        "totals": {"TcpExt.SyncookiesSent": 9000},
        "finds": [("warning", KEY, "9,000 were sent")],
    },
    # A naive auditor flags 2; before 3.12 it meant 1.
    "naive: an old kernel": {"kernel": "3.10.0", "live": {KEY: "2"}},
    # Measured: the kernel looks for 2 and no other number.
    "naive: 3 is as 1": {"live": {KEY: "3"}},
    "default": {"live": {KEY: "1"}},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("syncookies-always", case)
