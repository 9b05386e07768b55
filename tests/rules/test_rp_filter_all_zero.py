from __future__ import annotations

from collections.abc import Callable
from typing import Any

ALL = "conf.all.rp_filter"
FILE = {"/etc/sysctl.d/9.conf": "net.ipv4.conf.all.rp_filter = 0"}

CASES: dict[str, dict[str, Any]] = {
    "an interface keeps it": {
        "live": {ALL: "0", "conf.eth0.rp_filter": "1", "conf.eth1.rp_filter": "0"},
        "files": FILE,
        "finds": [("note", ALL, "strict filter on eth0,")],
    },
    # A naive auditor reads conf.all alone; here it is off indeed.
    "naive: off everywhere": {"live": {ALL: "0", "conf.eth0.rp_filter": "0"}, "files": FILE},
    "nobody wrote it": {"live": {ALL: "0", "conf.eth0.rp_filter": "1"}},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("rp-filter-all-zero", case)
