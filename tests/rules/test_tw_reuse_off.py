from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tuner.snapshot.snapshot import Missing

KEY = "tcp_tw_reuse"

CASES: dict[str, dict[str, Any]] = {
    "off": {"live": {KEY: "0"}, "finds": [("note", KEY, "reuse rests on timestamps")]},
    # A naive auditor wants 2 everywhere; up to 4.17 the kernel itself starts with 0.
    "naive: an old kernel's default": {"kernel": "4.14.0", "live": {KEY: "0"}},
    "default": {"live": {KEY: "2"}},
    "on": {"live": {KEY: "1"}},
    "off at the next boot": {
        "live": {KEY: "2"},
        "files": {"/etc/sysctl.d/9.conf": "net.ipv4.tcp_tw_reuse=0"},
        "finds": [("note", KEY, "The next boot sets it.")],
    },
    "the policy wants it": {
        "live": {KEY: "0"},
        "profile": "expect: {net.ipv4.tcp_tw_reuse: {exactly: 0, why: w, sources: s}}",
    },
    "absent": {},
    "unreadable": {"live": {KEY: Missing.DENIED}, "skips": KEY},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("tw-reuse-off", case)
