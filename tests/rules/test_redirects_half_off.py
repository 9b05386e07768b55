from __future__ import annotations

from collections.abc import Callable
from typing import Any

ALL, ETH = "conf.all.accept_redirects", "conf.eth0.accept_redirects"
HOST = {"ip_forward": "0", "conf.eth0.rp_filter": "0"}

CASES: dict[str, dict[str, Any]] = {
    "half off": {
        "live": {**HOST, ALL: "0", ETH: "1"},
        "finds": [("warning", ETH, "still accepted on eth0")],
    },
    # A naive auditor wants 0 on each; on a router 0 for all is enough.
    "naive: a router": {"live": {**HOST, "ip_forward": "1", ALL: "0", ETH: "1"}},
    "default": {"live": {**HOST, ALL: "1", ETH: "1"}},
    "off": {"live": {**HOST, ALL: "0", ETH: "0"}},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("redirects-half-off", case)
