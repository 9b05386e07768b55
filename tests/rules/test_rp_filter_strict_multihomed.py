from __future__ import annotations

from collections.abc import Callable
from typing import Any

ALL = "conf.all.rp_filter"


def host(common: str, **interfaces: str) -> dict[str, Any]:
    return {ALL: common, **{f"conf.{name}.rp_filter": value for name, value in interfaces.items()}}


CASES: dict[str, dict[str, Any]] = {
    "it drops now": {
        "live": host("1", eth0="1"),
        "totals": {"TcpExt.IPReversePathFilter": 900},
        "rates": {"TcpExt.IPReversePathFilter": 40.0},
        "finds": [("error", ALL, "40 a second now")],
    },
    "it has dropped many": {
        "live": host("0", eth0="1"),
        "totals": {"TcpExt.IPReversePathFilter": 50000},
        "finds": [("warning", "conf.eth0.rp_filter", "50,000 since boot")],
    },
    "a tunnel": {
        "live": host("1", eth0="0", wg0="0"),
        "totals": {},
        "finds": [("warning", ALL, "wg0 is a tunnel")],
    },
    "two uplinks": {
        "live": host("1", eth0="0", eth1="0"),
        "finds": [("note", ALL, "has 2 interfaces")],
    },
    # A naive auditor flags 1, or wants it everywhere; with one interface it is harmless.
    "naive: one interface": {"live": host("1", eth0="1"), "totals": {}},
    "naive: loose wins": {"live": host("2", eth0="1", eth1="1"), "totals": {}},
    "containers do not count": {"live": host("1", eth0="1", docker0="1"), "totals": {}},
    "off": {"live": host("0", eth0="0", eth1="0")},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("rp-filter-strict-multihomed", case)
