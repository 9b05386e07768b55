from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY, OPEN = "fs.file-max", "fs.file-nr"

CASES: dict[str, dict[str, Any]] = {
    "80 %": {
        "live": {KEY: "100000", OPEN: "85000 0 100000"},
        "finds": [("warning", KEY, "85,000 of 100,000 files are open, 85 %")],
    },
    "95 %": {"live": {KEY: "100000", OPEN: "96000 0 100000"}, "finds": [("error", KEY, "96 %")]},
    # A naive auditor flags the count; the limit here is the highest number there is.
    "naive: many": {"live": {KEY: "9223372036854775807", OPEN: "850000 0 9223372036854775807"}},
    "unknown": {},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("open-files-near-limit", case)
