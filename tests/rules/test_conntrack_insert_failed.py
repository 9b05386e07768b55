from __future__ import annotations

from collections.abc import Callable
from typing import Any

CT = "net.netfilter.nf_conntrack_"
LIVE = {CT + "max": "262144", CT + "count": "900", CT + "tcp_timeout_time_wait": "120"}
FAILED = "conntrack.insert_failed"

CASES: dict[str, dict[str, Any]] = {
    "a gateway, now": {
        "live": {**LIVE, "ip_forward": "1"},
        "roles": ("nat-gateway",),
        "totals": {FAILED: 40},
        "rates": {FAILED: 6.0},
        "finds": [("error", "", "64,512 / 120 s = 537 connections a second")],
    },
    "a host, now": {
        "live": {**LIVE, "ip_forward": "0"},
        "totals": {FAILED: 40},
        "rates": {FAILED: 6.0},
        "finds": [("warning", "", "two DNS queries")],
    },
    "often": {
        "live": {**LIVE, "ip_forward": "0"},
        "totals": {FAILED: 4800},
        "finds": [("note", "", "200 an hour")],
    },
    # A naive auditor flags any since boot; races are rare and repeated.
    "naive: a few": {"live": {**LIVE, "ip_forward": "0"}, "totals": {FAILED: 40}},
    "full: another rule": {
        "live": {**LIVE, CT + "count": "262000"},
        "totals": {FAILED: 40},
        "rates": {FAILED: 6.0},
    },
    "no conntrack": {"totals": {}},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("conntrack-insert-failed", case)
