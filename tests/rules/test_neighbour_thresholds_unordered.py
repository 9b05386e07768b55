from __future__ import annotations

from collections.abc import Callable
from typing import Any

V4, V6 = "net.ipv4.neigh.default.gc_thresh", "net.ipv6.neigh.default.gc_thresh"

CASES: dict[str, dict[str, Any]] = {
    "the third is not raised": {
        "live": {V4 + "1": "128", V4 + "2": "4096", V4 + "3": "1024"},
        "finds": [("warning", V4 + "3", "runs into its limit of 1,024")],
    },
    "the first is": {
        "live": {V6 + "1": "8192", V6 + "2": "512", V6 + "3": "16384"},
        "finds": [("warning", V6 + "3", "second has no effect")],
    },
    # A naive auditor wants the defaults; these rise.
    "naive: large": {"live": {V4 + "1": "1024", V4 + "2": "4096", V4 + "3": "8192"}},
    "naive: equal": {"live": {V4 + "1": "32766", V4 + "2": "32766", V4 + "3": "32766"}},
    "a container": {},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("neighbour-thresholds-unordered", case)
