from __future__ import annotations

from collections.abc import Callable
from typing import Any

MET, SKIPPED = "TcpExt.PAWSTimewait", "TcpExt.TCPACKSkippedTimeWait"
NOW = {"totals": {MET: 130, SKIPPED: 70}, "rates": {MET: 5.0}}

CASES: dict[str, dict[str, Any]] = {
    "unknown path": NOW | {"finds": [("warning", "", "the inventory does not say")]},
    "a NAT": NOW | {"facts": {"nat": "yes"}, "finds": [("warning", "", "needs more addresses")]},
    "a NAT and an address hash": NOW
    | {
        "facts": {"nat": "yes", "balancer": "l4", "spread": "ip-hash"},
        "finds": [("warning", "", "round robin or more NAT addresses")],
    },
    "an L7 balancer": NOW
    | {"facts": {"balancer": "l7"}, "finds": [("warning", "", "L7 balancer's addresses")]},
    "no NAT": NOW | {"facts": {"nat": "no"}, "finds": [("warning", "", "a clock that went back")]},
    "often": {"totals": {SKIPPED: 4800}, "finds": [("note", "", "200 an hour")]},
    # A naive auditor flags any; these are two in a day.
    "naive: two": {"totals": {MET: 2}},
    "counters unseen": {"skips": "kernel counters"},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("syn-meets-time-wait", case)
