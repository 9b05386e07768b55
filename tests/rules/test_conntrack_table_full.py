from __future__ import annotations

from collections.abc import Callable
from typing import Any

CT = "net.netfilter.nf_conntrack_"


def table(count: int, most: int = 262144, **more: Any) -> dict[str, Any]:
    live = {CT + "max": str(most), CT + "count": str(count), CT + "buckets": "262144"}
    return {"live": live, "totals": {}, **more}


CASES: dict[str, dict[str, Any]] = {
    "70 %": table(190000)
    | {"finds": [("warning", CT + "max", "190,000 of 262,144 entries, 72 %")]},
    "90 %": table(240000) | {"finds": [("error", CT + "max", "524,288 would take 162 MiB")]},
    "it drops": table(200000, totals={"conntrack.drop": 9, "conntrack.early_drop": 4})
    | {
        "rates": {"conntrack.drop": 4.0},
        "finds": [("error", CT + "max", "make room: 4 since boot")],
    },
    "full at times, and now": table(1000, 2048, totals={"conntrack.early_drop": 40})
    | {
        "rates": {"conntrack.early_drop": 8.0},
        "finds": [("warning", CT + "max", "was full, though 1,000 are in it now")],
    },
    "full at times, hours ago": table(1000, 2048, totals={"conntrack.early_drop": 5000})
    | {"finds": [("note", CT + "max", "5,000 since boot, 208 an hour")]},
    "full once, long ago": table(1000, 2048, totals={"conntrack.early_drop": 5}),
    # A naive auditor flags a large count; it is a small part of this table.
    "naive: many": table(200000, 2097152),
    "unlimited": table(200000, 0),
    "no conntrack": {"totals": {}},
    "counters unseen, table seen": {
        "live": {CT + "max": "1000", CT + "count": "950", CT + "buckets": "0"},
        "finds": [("error", CT + "max", "950 of 1,000")],
    },
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("conntrack-table-full", case)
