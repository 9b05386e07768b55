from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "tcp_dsack"

CASES: dict[str, dict[str, Any]] = {
    "off": {"live": {KEY: "0", "tcp_sack": "1"}, "finds": [("note", KEY, "needless")]},
    "on": {"live": {KEY: "1"}},
    # A naive auditor reports both; without SACK there is no D-SACK to switch off.
    "naive: SACK is off as well": {"live": {KEY: "0", "tcp_sack": "0"}},
    "absent": {},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("dsack-off", case)
