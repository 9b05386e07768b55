from __future__ import annotations

from collections.abc import Callable
from typing import Any

CT = "net.netfilter.nf_conntrack_"
GATEWAY = {"ip_forward": "1", CT + "count": "5"}

CASES: dict[str, dict[str, Any]] = {
    "copied": {
        "live": {
            **GATEWAY,
            CT + "tcp_timeout_syn_recv": "3",
            CT + "tcp_timeout_close_wait": "15",
            CT + "udp_timeout_stream": "60",
        },
        "finds": [
            ("warning", CT + "tcp_timeout_syn_recv", "last packet is slow"),
            ("warning", CT + "tcp_timeout_close_wait", "the other still uses"),
            ("warning", CT + "udp_timeout_stream", "with a pause"),
        ],
    },
    # A naive auditor flags them anywhere; this host forwards nothing.
    "naive: a host's own connections": {
        "live": {"ip_forward": "0", CT + "count": "5", CT + "tcp_timeout_close_wait": "15"},
    },
    "naive: the older default of UDP": {
        "kernel": "4.18.0",
        "live": {**GATEWAY, CT + "udp_timeout_stream": "180"},
    },
    "defaults": {"live": {**GATEWAY, CT + "tcp_timeout_close_wait": "60"}},
    "no conntrack": {"live": {"ip_forward": "1"}},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("conntrack-timeouts-short", case)
