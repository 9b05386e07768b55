from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "net.ipv4.neigh.default.gc_thresh3"
FILE = {"/etc/sysctl.d/9.conf": f"{KEY} = 65536"}
ON = {"live": {KEY: "65536"}, "files": FILE}

CASES: dict[str, dict[str, Any]] = {
    "nearly empty": {
        **ON,
        "totals": {"arp_cache.entries": 9},
        "finds": [("note", KEY, "the table has 9")],
    },
    # A naive auditor calls it cargo cult; this one has the neighbours.
    "naive: it is used": {**ON, "totals": {"arp_cache.entries": 3000}},
    "it overflowed": {**ON, "totals": {"arp_cache.entries": 9, "arp_cache.table_fulls": 4}},
    "a cluster": {
        "live": {KEY: "65536", "conf.cni0.rp_filter": "0"},
        "files": FILE,
        "totals": {"arp_cache.entries": 9},
    },
    "nobody raised it": {"live": {KEY: "1024"}, "totals": {"arp_cache.entries": 9}},
    "counters unseen": {**ON, "skips": "kernel counters"},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("neighbour-thresholds-unneeded", case)
