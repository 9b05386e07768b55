from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tuner.snapshot.snapshot import Missing

KEY = "tcp_timestamps"

CASES: dict[str, dict[str, Any]] = {
    "off": {"live": {KEY: "0"}, "finds": [("warning", KEY, "lose window scaling and SACK.")]},
    "off, and reuse on": {
        "live": {KEY: "0", "tcp_tw_reuse": "1"},
        "finds": [("warning", KEY, "tcp_tw_reuse=1 does nothing")],
    },
    "off, and reuse by default": {
        "live": {KEY: "0", "tcp_tw_reuse": "2"},
        "finds": [("warning", KEY, "SACK.")],
    },
    "off, and reuse unreadable": {
        "live": {KEY: "0", "tcp_tw_reuse": Missing.DENIED},
        "finds": [("warning", KEY, "SACK.")],
    },
    "on": {"live": {KEY: "1"}},
    # A naive auditor wants 1; 2 only leaves out the random offset.
    "on without offset": {"live": {KEY: "2"}},
    "unreadable": {"live": {KEY: Missing.DENIED}, "skips": KEY},
    "absent": {},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("timestamps-off", case)
