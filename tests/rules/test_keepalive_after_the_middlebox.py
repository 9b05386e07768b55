from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "tcp_keepalive_time"
OWN = "net.netfilter.nf_conntrack_tcp_timeout_established"

CASES: dict[str, dict[str, Any]] = {
    "its own firewall forgets first": {
        "live": {KEY: "7200", OWN: "1200"},
        "finds": [("warning", KEY, "after 1,200 s")],
    },
    "naive: the default behind a NAT that keeps to its RFC": {
        "live": {KEY: "7200"},
        "facts": {"nat": "yes"},
    },
    "behind a NAT": {
        "live": {KEY: "10000", OWN: "432000"},
        "facts": {"nat": "yes"},
        "finds": [("note", KEY, "turns on its idle timeout")],
    },
    "behind a balancer": {
        "live": {KEY: "7200"},
        "facts": {"balancer": "l4"},
        "finds": [("note", KEY, "a balancer in the path")],
    },
    # A naive auditor wants 300 everywhere; here nothing says that a box is in the path.
    "naive: nothing is declared": {"live": {KEY: "7200", OWN: "432000"}},
    "no box": {"live": {KEY: "7200"}, "facts": {"nat": "no", "balancer": "none"}},
    "early enough": {"live": {KEY: "300", OWN: "1200"}, "facts": {"nat": "yes"}},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("keepalive-after-the-middlebox", case)
