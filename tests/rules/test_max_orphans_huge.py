from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "tcp_max_orphans"

CASES: dict[str, dict[str, Any]] = {
    "copied": {
        "live": {KEY: "3276800"},
        "memory": 8 << 30,
        "finds": [("note", KEY, "may pin 200 GiB of 8 GiB")],
    },
    "memory unknown": {"live": {KEY: "3276800"}, "finds": [("note", KEY, "200 GiB;")]},
    # A naive auditor calls 262144 cargo cult; on a large host it is the default.
    "naive: 262144": {"live": {KEY: "262144"}, "memory": 64 << 30},
    "default": {"live": {KEY: "131072"}, "memory": 24 << 30},
    "a container": {},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("max-orphans-huge", case)
