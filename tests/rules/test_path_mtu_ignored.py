from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "ip_no_pmtu_disc"

CASES: dict[str, dict[str, Any]] = {
    "off": {"live": {KEY: "1"}, "finds": [("warning", KEY, "lets routers fragment")]},
    # A naive auditor takes the zero for "no discovery"; the name says it the other way round.
    "naive: zero is on": {"live": {KEY: "0"}},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("path-mtu-ignored", case)
