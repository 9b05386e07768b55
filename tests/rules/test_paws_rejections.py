from __future__ import annotations

from collections.abc import Callable
from typing import Any

STALE = "TcpExt.PAWSEstab"

CASES: dict[str, dict[str, Any]] = {
    "now": {
        "totals": {STALE: 900, "TcpExt.PAWSActive": 100},
        "rates": {STALE: 40.0},
        "finds": [("warning", "", "1,000 since boot, 40 a second now: whether a NAT")],
    },
    "often, behind NAT": {
        "totals": {STALE: 48000},
        "facts": {"nat": "yes"},
        "finds": [("note", "", "hosts with different clocks")],
    },
    "often, no NAT": {
        "totals": {STALE: 48000},
        "facts": {"nat": "no"},
        "finds": [("note", "", "what rewrites packets")],
    },
    # A naive auditor flags any; duplicates that arrive late are ordinary.
    "naive: some": {"totals": {STALE: 500}, "rates": {STALE: 2.0}},
    "counters unseen": {"skips": "kernel counters"},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("paws-rejections", case)
