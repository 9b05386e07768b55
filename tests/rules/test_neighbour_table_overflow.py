from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY, KEY6 = "net.ipv4.neigh.default.gc_thresh3", "net.ipv6.neigh.default.gc_thresh3"

CASES: dict[str, dict[str, Any]] = {
    "near": {
        "live": {KEY: "1024"},
        "totals": {"arp_cache.entries": 1000},
        "finds": [("error", KEY, "1,000 neighbours of 1,024")],
    },
    "it was full": {
        "live": {KEY6: "1024"},
        "totals": {"ndisc_cache.entries": 10, "ndisc_cache.table_fulls": 7},
        "finds": [("warning", KEY6, "(overflows: 7 since boot")],
    },
    "it is": {
        "live": {KEY: "1024"},
        "totals": {"arp_cache.entries": 500, "arp_cache.table_fulls": 7},
        "rates": {"arp_cache.table_fulls": 3.0},
        "finds": [("error", KEY, "3 a second now")],
    },
    # A naive auditor wants 8192 everywhere; this host has a handful of neighbours.
    "naive: the default": {"live": {KEY: "1024"}, "totals": {"arp_cache.entries": 9}},
    "a container": {"totals": {"arp_cache.table_fulls": 7}},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("neighbour-table-overflow", case)
