from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "net.netfilter.nf_conntrack_tcp_loose"

CASES: dict[str, dict[str, Any]] = {
    "a gateway": {
        "live": {KEY: "0"},
        "roles": ("nat-gateway",),
        "finds": [("warning", KEY, "After a failover")],
    },
    "a host": {"live": {KEY: "0", "ip_forward": "0"}, "finds": [("note", KEY, "")]},
    # A naive auditor flags 0; SYNPROXY cannot do without.
    "naive: SYNPROXY": {
        "live": {KEY: "0"},
        "files": {"/etc/sysctl.d/9.conf": f"# for SYNPROXY\n{KEY} = 0"},
    },
    "default": {"live": {KEY: "1"}},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("conntrack-not-loose", case)
