from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "net.netfilter.nf_conntrack_helper"

CASES: dict[str, dict[str, Any]] = {
    "on": {"kernel": "5.4.0", "live": {KEY: "1"}, "finds": [("warning", KEY, "open ports")]},
    "off": {"kernel": "5.4.0", "live": {KEY: "0"}},
    # A naive auditor sees the line; the kernel has no such key any more.
    "naive: a dead line": {"files": {"/etc/sysctl.d/9.conf": f"{KEY} = 1"}},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("conntrack-helper-on", case)
