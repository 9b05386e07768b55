from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "tcp_window_scaling"

CASES: dict[str, dict[str, Any]] = {
    "off": {"live": {KEY: "0"}, "finds": [("warning", KEY, "64 KiB")]},
    "on": {"live": {KEY: "1"}},
    # A naive auditor wants exactly 1; any other number switches it on as well.
    "naive: two is on": {"live": {KEY: "2"}},
    "absent": {},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("window-scaling-off", case)
