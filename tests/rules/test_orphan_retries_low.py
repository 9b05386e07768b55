from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "tcp_orphan_retries"

CASES: dict[str, dict[str, Any]] = {
    "one": {"live": {KEY: "1"}, "finds": [("warning", KEY, "after 0.6 s")]},
    "three": {"live": {KEY: "3"}, "finds": [("warning", KEY, "after 3.0 s")]},
    # A naive auditor reads 0 as "never retries"; the kernel reads it as 8.
    "naive: zero": {"live": {KEY: "0"}},
    "four": {"live": {KEY: "4"}},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("orphan-retries-low", case)
