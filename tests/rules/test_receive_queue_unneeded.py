from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "net.core.netdev_max_backlog"
FILE = {"/etc/sysctl.d/9.conf": f"{KEY} = 250000\nnet.core.netdev_budget = 600"}
LIVE = {KEY: "250000", "net.core.netdev_budget": "300"}

CASES: dict[str, dict[str, Any]] = {
    "never reached": {
        "live": LIVE,
        "files": FILE,
        "totals": {"softnet.dropped": 0},
        "finds": [("note", KEY, "no packet was dropped")],
    },
    # A naive auditor calls 250000 cargo cult; this host has dropped packets.
    "naive: reached": {"live": LIVE, "files": FILE, "totals": {"softnet.dropped": 4711}},
    "a little more": {
        "live": {KEY: "3000"},
        "files": {"/etc/sysctl.d/9.conf": f"{KEY} = 3000"},
        "totals": {},
    },
    "nobody set it": {"live": LIVE, "totals": {"softnet.dropped": 0}},
    "default": {"live": {KEY: "1000"}, "files": {}, "totals": {}},
    "counters unseen": {"live": LIVE, "files": FILE, "skips": "kernel counters"},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("receive-queue-unneeded", case)
