from __future__ import annotations

from collections.abc import Callable
from typing import Any

PAIR = {"conf.all.arp_ignore": "1", "conf.all.arp_announce": "2"}
KEY = "conf.all.arp_ignore"

CASES: dict[str, dict[str, Any]] = {
    "unknown": {"live": PAIR, "finds": [("note", KEY, "does not say")]},
    "none": {
        "live": PAIR,
        "facts": {"balancer": "none"},
        "finds": [("note", KEY, "none stands in front")],
    },
    "l7": {
        "live": PAIR,
        "facts": {"balancer": "l7"},
        "finds": [("note", KEY, "L7 balancer, which stands in front")],
    },
    # A naive auditor flags the pair; this is the host it was made for.
    "naive: l4": {"live": PAIR, "facts": {"balancer": "l4"}},
    "IPVS": {"live": {**PAIR, "conf.kube-ipvs0.rp_filter": "0"}},
    "half of it": {"live": {"conf.all.arp_ignore": "1", "conf.all.arp_announce": "0"}},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("arp-recipe-without-balancer", case)
