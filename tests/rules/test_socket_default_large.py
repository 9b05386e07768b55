from __future__ import annotations

from collections.abc import Callable
from typing import Any

R, W = "net.core.rmem_default", "net.core.wmem_default"

CASES: dict[str, dict[str, Any]] = {
    "both": {
        "live": {R: "8388608", W: "16777216"},
        "finds": [("warning", R, "may hold 8 MiB"), ("warning", W, "may hold 16 MiB")],
    },
    # A naive auditor compares with the default; half a MiB is a choice.
    "naive: 512 KiB": {"live": {R: "524288"}},
    "default": {"live": {R: "212992", W: "212992"}},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("socket-default-large", case)
