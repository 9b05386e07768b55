from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "tcp_no_metrics_save"

CASES: dict[str, dict[str, Any]] = {
    "on": {"live": {KEY: "1"}, "finds": [("note", KEY, "not saved since Linux 5.6 anyway")]},
    "on, old kernel": {
        "kernel": "4.18.0",
        "live": {KEY: "1"},
        "finds": [("note", KEY, "spares a bad threshold")],
    },
    "default": {"live": {KEY: "0"}},
    # A naive auditor flags what differs from the default; the profile has its reason.
    "naive: the policy wants it": {
        "live": {KEY: "1"},
        "profile": "expect: {net.ipv4.tcp_no_metrics_save: {exactly: 1, why: w, sources: s}}",
    },
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("metrics-not-saved", case)
