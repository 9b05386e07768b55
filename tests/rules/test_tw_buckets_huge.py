from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tuner.snapshot.snapshot import Missing

KEY = "tcp_max_tw_buckets"

CASES: dict[str, dict[str, Any]] = {
    "ten million": {
        "live": {KEY: "10000000"},
        "finds": [("note", KEY, "10,000,000 entries would be 2,441 MiB")],
    },
    "unlimited": {"live": {KEY: "-1"}, "finds": [("warning", KEY, "-1 removes the limit")]},
    # A naive auditor finds eight times the default alarming; it is a ceiling that costs nothing.
    "two million": {"live": {KEY: "2000000"}, "finds": [("note", KEY, "would be 488 MiB")]},
    "fewer": {"live": {KEY: "1999999"}},
    "one more": {"live": {KEY: "2000001"}, "finds": [("note", KEY, "")]},
    "default": {"live": {KEY: "262144"}},
    "none": {"live": {KEY: "0"}},
    "unreadable": {"live": {KEY: Missing.DENIED}, "skips": KEY},
    "absent": {},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("tw-buckets-huge", case)
