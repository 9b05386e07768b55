from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tuner.snapshot.snapshot import Flow, Sockets

KEY = "ip_local_port_range"
WIDE = {KEY: "10000 65535", "ip_forward": "1"}
FILE = "/etc/sysctl.d/9.conf"

CASES: dict[str, dict[str, Any]] = {
    "a gateway": {
        "live": WIDE,
        "roles": ("nat-gateway",),
        "finds": [("note", KEY, "64,512 for each address")],
    },
    "a router that says why": {
        "live": WIDE,
        "files": {FILE: "# more ports for NAT\nnet.ipv4.ip_local_port_range = 10000 65535"},
        "finds": [("warning", KEY, "Translation does not use")],
    },
    # A naive auditor sees a gateway; this one is a busy proxy as well.
    "naive: a gateway that is a client": {"live": WIDE, "roles": ("nat-gateway", "client-heavy")},
    "a gateway with connections of its own": {
        "live": WIDE,
        "roles": ("nat-gateway",),
        "sockets": Sockets({}, (), (Flow("ESTAB", "192.0.2.1", 0, "192.0.2.9", 3128, 5000),)),
    },
    "narrow: another rule": {
        "live": {KEY: "50000 60999", "ip_forward": "1"},
        "roles": ("nat-gateway",),
    },
    "default": {"live": {KEY: "32768 60999"}, "roles": ("nat-gateway",)},
    "a server": {"live": {KEY: "10000 65535", "ip_forward": "0"}},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("port-range-on-gateway", case)
