from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "tcp_ecn"

CASES: dict[str, dict[str, Any]] = {
    "asked for": {
        "live": {KEY: "1", "tcp_ecn_fallback": "1"},
        "finds": [("note", KEY, "a second")],
    },
    "asked for, no way back": {
        "live": {KEY: "1", "tcp_ecn_fallback": "0"},
        "finds": [("warning", KEY, "never tried without")],
    },
    "default": {"live": {KEY: "2"}},
    # A naive auditor wants the default; 0 merely does without.
    "naive: off": {"live": {KEY: "0"}},
    "the policy wants it": {
        "live": {KEY: "1"},
        "profile": "expect: {net.ipv4.tcp_ecn: {exactly: 1, why: w, sources: s}}",
    },
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("ecn-requested", case)
