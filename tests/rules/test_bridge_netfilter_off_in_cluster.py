from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tuner.snapshot.snapshot import Listener, Sockets

KEY = "net.bridge.bridge-nf-call-iptables"

CASES: dict[str, dict[str, Any]] = {
    "a pod's bridge": {
        "live": {KEY: "0", "conf.cni0.rp_filter": "0"},
        "finds": [("error", KEY, "interface cni0")],
    },
    "the kubelet": {
        "live": {KEY: "0"},
        "sockets": Sockets({}, (Listener("::", 10250),), ()),
        "finds": [("error", KEY, "port 10250")],
    },
    # A naive auditor wants 1; a host of virtual machines wants 0.
    "naive: libvirt": {"live": {KEY: "0", "conf.virbr0.rp_filter": "0"}},
    "on": {"live": {KEY: "1", "conf.cni0.rp_filter": "0"}},
    "no module": {"live": {"conf.cni0.rp_filter": "0"}},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("bridge-netfilter-off-in-cluster", case)
