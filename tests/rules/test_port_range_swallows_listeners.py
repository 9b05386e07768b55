from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tuner.snapshot.snapshot import Listener, Missing, Sockets

RANGE = "ip_local_port_range"
KEY = "ip_local_reserved_ports"


def host(value: str, reserved: str, *ports: int, truncated: bool = False) -> dict[str, Any]:
    listeners = tuple(Listener(address, port) for port in ports for address in ("192.0.2.1", "::"))
    return {
        "live": {RANGE: value, KEY: reserved},
        "sockets": Sockets({}, listeners, (), truncated),
    }


CASES: dict[str, dict[str, Any]] = {
    "two services": host("1024\t65535", "", 22, 5432, 3306)
    | {"finds": [("warning", KEY, "1024 65535 includes the listening ports 3306, 5432:")]},
    "one service": host("1024\t65535", "", 8080)
    | {"finds": [("warning", KEY, "listening port 8080:")]},
    "many": host("1024\t65535", "", *range(8000, 8010))
    | {"finds": [("warning", KEY, "8005 and 4 more")]},
    "one of them reserved": host("1024\t65535", "3000-4000", 3306, 5432)
    | {"finds": [("warning", KEY, "listening port 5432:")]},
    # A naive auditor flags every wide range; these ports are safe.
    "reserved": host("1024\t65535", "3306,5430-5440", 3306, 5432),
    "below the range": host("10000\t65535", "", 22, 443, 3306),
    # A naive auditor flags rpc.statd's port, which the kernel itself chose from the range.
    "the kernel's own choice": host("32768\t60999", "", 41873),
    "the kernel's own choice, wide range": host("1024\t65535", "", 41873),
    "above the range": host("1024\t5000", "", 5432),
    "sockets unseen": {"live": {RANGE: "1024\t65535"}, "skips": "TCP sockets"},
    "default range, sockets unseen": {"live": {RANGE: "32768\t60999"}},
    "too many sockets": host("1024\t65535", "", 5432, truncated=True) | {"skips": "TCP sockets"},
    "unreadable": {"live": {RANGE: Missing.DENIED}, "skips": RANGE},
    "absent": {},
}


def test_the_fix_keeps_what_is_reserved(judge: Callable[..., Any]) -> None:
    case = host("1024\t65535", "3307,9000-9010", 3306, 5432)
    finding = judge(
        "port-range-swallows-listeners", case | {"finds": [("warning", KEY, "")]}
    ).findings[0]
    assert finding.fix.value == "3306-3307,5432,9000-9010"


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("port-range-swallows-listeners", case)
