from __future__ import annotations

from collections.abc import Callable
from typing import Any

BACKLOG, BUDGET = "net.core.netdev_max_backlog", "net.core.netdev_budget"
LIVE = {BACKLOG: "1000", BUDGET: "300"}

CASES: dict[str, dict[str, Any]] = {
    "drops now": {
        "live": LIVE,
        "totals": {"softnet.dropped": 90},
        "rates": {"softnet.dropped": 8.0},
        "finds": [("error", BACKLOG, "backlog of 1,000, 90 since boot, 8 a second now")],
    },
    "drops since boot": {
        "live": LIVE,
        "totals": {"softnet.dropped": 2400},
        "finds": [("warning", BACKLOG, "100 an hour")],
    },
    "squeezed": {
        "live": LIVE,
        "totals": {"softnet.time_squeeze": 90000},
        "rates": {"softnet.time_squeeze": 250.0},
        "finds": [("note", BUDGET, "budget of 300 packets")],
    },
    # A naive auditor flags any drop since boot; these are one in an hour.
    "naive: a few": {"live": LIVE, "totals": {"softnet.dropped": 24, "softnet.time_squeeze": 9000}},
    "a container": {"totals": {"softnet.dropped": 2400}},
    "counters unseen": {"live": LIVE, "skips": "kernel counters"},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("receive-queue-drops", case)
