from __future__ import annotations

from collections.abc import Callable
from typing import Any

R, W = "net.core.rmem_max", "net.core.wmem_max"

CASES: dict[str, dict[str, Any]] = {
    "both": {
        "live": {R: str(256 << 20), W: str(1 << 30)},
        "finds": [("note", R, "pin 256 MiB"), ("warning", W, "pin 1 GiB")],
    },
    # A naive auditor compares with the default; 16 MiB is what a fast path needs.
    "naive: 16 MiB": {"live": {R: str(16 << 20), W: str(16 << 20)}},
    "options": {
        "live": {"net.core.optmem_max": "25165824"},
        "finds": [("note", "net.core.optmem_max", "may hold 24 MiB")],
    },
    "a container": {},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("socket-limit-huge", case)
