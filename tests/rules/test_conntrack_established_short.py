from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "net.netfilter.nf_conntrack_tcp_timeout_established"
LOOSE = "net.netfilter.nf_conntrack_tcp_loose"

CASES: dict[str, dict[str, Any]] = {
    "a gateway": {
        "live": {KEY: "600"},
        "roles": ("nat-gateway",),
        "finds": [("warning", KEY, "idle for 600 s")],
    },
    "a router": {"live": {KEY: "1200", "ip_forward": "1"}, "finds": [("warning", KEY, "")]},
    "a strict firewall": {
        "live": {KEY: "1200", "ip_forward": "0", LOOSE: "0"},
        "finds": [("note", KEY, "")],
    },
    # A naive auditor flags 1200; this host picks its own connections up again.
    "naive: its own connections only": {"live": {KEY: "1200", "ip_forward": "0", LOOSE: "1"}},
    "two hours": {"live": {KEY: "7440"}, "roles": ("nat-gateway",)},
    "default": {"live": {KEY: "432000"}, "roles": ("nat-gateway",)},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("conntrack-established-short", case)
