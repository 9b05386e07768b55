from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "icmp_echo_ignore_all"

CASES: dict[str, dict[str, Any]] = {
    "on": {"live": {KEY: "1"}, "finds": [("note", KEY, "take the host for dead")]},
    "off": {"live": {KEY: "0"}},
    # A naive auditor takes the neighbouring key for it, which is on by default.
    "naive: broadcasts": {"live": {KEY: "0", "icmp_echo_ignore_broadcasts": "1"}},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("ping-ignored", case)
