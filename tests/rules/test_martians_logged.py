from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "conf.all.log_martians"
FILE = {"/etc/sysctl.d/9.conf": "net.ipv4.conf.all.log_martians = 1"}

CASES: dict[str, dict[str, Any]] = {
    "on": {"live": {KEY: "1"}, "files": FILE, "finds": [("note", KEY, "dropped either way")]},
    # A naive auditor flags it, or flags its absence; the profile decides.
    "naive: the policy wants it": {
        "live": {KEY: "1"},
        "files": FILE,
        "profile": "expect: {net.ipv4.conf.all.log_martians: {exactly: 1, why: w, sources: s}}",
    },
    "by hand, for an afternoon": {"live": {KEY: "1"}},
    "off": {"live": {KEY: "0"}},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("martians-logged", case)
