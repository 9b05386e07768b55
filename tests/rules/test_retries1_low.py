from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "tcp_retries1"

CASES: dict[str, dict[str, Any]] = {
    "two": {"live": {KEY: "2"}, "finds": [("note", KEY, "another route")]},
    "default": {"live": {KEY: "3"}},
    # A naive auditor flags whatever is not the default; more only asks later.
    "naive: five": {"live": {KEY: "5"}},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("retries1-low", case)
