from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "net.netfilter.nf_conntrack_log_invalid"

CASES: dict[str, dict[str, Any]] = {
    "all": {"live": {KEY: "255"}, "finds": [("note", KEY, "every invalid packet.")]},
    "tcp, counted": {
        "live": {KEY: "6"},
        "totals": {"conntrack.invalid": 4000},
        "finds": [("note", KEY, "4,000 packets")],
    },
    "off": {"live": {KEY: "0"}},
    # A naive auditor greps the file; boot does not read this one.
    "naive: a dead line": {
        "live": {KEY: "0"},
        "files": {"/etc/sysctl.conf": f"{KEY} = 255"},
    },
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("conntrack-log-left-on", case)
