from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "ip_forward"

CASES: dict[str, dict[str, Any]] = {
    "on and unused": {"live": {KEY: "1"}, "totals": {}, "finds": [("note", KEY, "forwarded none")]},
    # A naive auditor flags every 1; Docker needs it.
    "naive: docker": {"live": {KEY: "1", "conf.docker0.rp_filter": "0"}, "totals": {}},
    "naive: a file for containers": {
        "live": {KEY: "1"},
        "files": {"/etc/sysctl.d/k8s.conf": "net.bridge.bridge-nf-call-iptables = 1"},
        "totals": {},
    },
    "it forwards": {"live": {KEY: "1"}, "totals": {"Ip.ForwDatagrams": 12}},
    "a gateway": {"live": {KEY: "1"}, "roles": ("nat-gateway",), "totals": {}},
    "off": {"live": {KEY: "0"}, "totals": {}},
    "counters unseen": {"live": {KEY: "1"}, "skips": "kernel counters"},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("forwarding-without-need", case)
