from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "net.core.somaxconn"

CASES: dict[str, dict[str, Any]] = {
    "a million": {"live": {KEY: "1000000"}, "finds": [("note", KEY, "long given up")]},
    "it wraps round": {
        "kernel": "3.10.0",
        "live": {KEY: "65536"},
        "finds": [("warning", KEY, "which is 0")],
    },
    # A naive auditor calls 65535 excessive; it is a queue that works.
    "naive: 65535": {"live": {KEY: "65535"}},
    "default": {"live": {KEY: "4096"}},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("somaxconn-huge", case)
