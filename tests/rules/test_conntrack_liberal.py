from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "net.netfilter.nf_conntrack_tcp_be_liberal"

CASES: dict[str, dict[str, Any]] = {
    "on": {"live": {KEY: "1"}, "finds": [("note", KEY, "turns on the paths")]},
    # A naive auditor flags it; kube-proxy needs it.
    "naive: a Kubernetes node": {"live": {KEY: "1", "conf.cni0.rp_filter": "0"}},
    "off": {"live": {KEY: "0"}},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("conntrack-liberal", case)
