from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tuner.snapshot.snapshot import Missing

KEY = "net.netfilter.nf_conntrack_tcp_timeout_time_wait"
GATEWAY = ("nat-gateway",)

CASES: dict[str, dict[str, Any]] = {
    "gateway": {
        "live": {KEY: "30", "ip_forward": "1"},
        "roles": GATEWAY,
        "finds": [("error", KEY, "30 s after the last connection")],
    },
    "gateway, by the counting of ports": {
        "live": {KEY: "1"},
        "roles": GATEWAY,
        "finds": [("error", KEY, "537 connections a second")],
    },
    "60 is enough": {"live": {KEY: "60", "ip_forward": "1"}, "roles": GATEWAY},
    "default": {"live": {KEY: "120", "ip_forward": "1"}, "roles": GATEWAY},
    "forwards, perhaps translates": {
        "live": {KEY: "30", "ip_forward": "1"},
        "finds": [("note", KEY, "If this host translates addresses, it gives")],
    },
    # A naive auditor flags 30 everywhere; a firewall of the host's own connections owns no port.
    "only filters": {"live": {KEY: "30", "ip_forward": "0"}},
    "conntrack not loaded": {"live": {"ip_forward": "1"}, "roles": GATEWAY},
    "unreadable": {"live": {KEY: Missing.DENIED}, "roles": GATEWAY, "skips": KEY},
    "forwarding unreadable": {
        "live": {KEY: "30", "ip_forward": Missing.DENIED},
        "skips": "ip_forward",
    },
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("nat-quarantine-short", case)
