from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "icmp_echo_ignore_broadcasts"

CASES: dict[str, dict[str, Any]] = {
    "answered": {"live": {KEY: "0"}, "finds": [("warning", KEY, "answer its victim")]},
    # A naive auditor wants a line that says 1; the kernel does it without.
    "naive: no line": {"live": {KEY: "1"}, "files": {}},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("broadcast-pings-answered", case)
