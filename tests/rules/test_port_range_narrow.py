from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tuner.snapshot.snapshot import Missing

KEY = "ip_local_port_range"
RESERVED = "ip_local_reserved_ports"


def ports(value: str, reserved: str = "") -> dict[str, Any]:
    return {"live": {KEY: value, RESERVED: reserved}}


CASES: dict[str, dict[str, Any]] = {
    "narrow": ports("50000\t60999")
    | {"finds": [("warning", KEY, "11,000 usable ports allow 183 new connections a second")]},
    "narrow, on a server": ports("50000\t60999")
    | {"roles": ("public-server",), "finds": [("note", KEY, "")]},
    "narrow, on a server that is a client too": ports("50000\t60999")
    | {"roles": ("public-server", "client-heavy"), "finds": [("warning", KEY, "")]},
    "parity loses one": ports("46000\t46010") | {"finds": [("warning", KEY, "10 usable ports")]},
    "one port": ports("46000\t46000") | {"finds": [("warning", KEY, "1 usable ports")]},
    "upside down": ports("50000\t40000") | {"finds": [("warning", KEY, "0 usable ports")]},
    "default": ports("32768\t60999"),
    # A naive auditor counts 28,233 here or misses one; the old default is as good as the new one.
    "default up to 4.1": ports("32768\t61000"),
    "one fewer": ports("32769\t60999") | {"finds": [("warning", KEY, "28,230 usable ports")]},
    # A naive auditor finds 28,230 < 28,232; two reserved ports are no shortage.
    "few reserved": ports("32768\t60999", "33060,50051"),
    "many reserved": ports("32768\t60999", "32768-50000")
    | {"finds": [("warning", RESERVED, "10,999 usable ports (17,233 of the range are reserved)")]},
    "wide, and much reserved": ports("1024\t65535", "1024-32767"),
    "the policy wants it": ports("50000\t60999")
    | {
        "profile": "expect: {net.ipv4.ip_local_port_range: "
        "{exactly: 50000 60999, why: w, sources: s}}",
    },
    "no such key as reserved": {"live": {KEY: "32768\t60999"}},
    "nonsense": ports("many") | {"skips": "not two numbers"},
    "unreadable": {"live": {KEY: Missing.DENIED}, "skips": KEY},
    "reserved unreadable": {
        "live": {KEY: "32768\t60999", RESERVED: Missing.DENIED},
        "skips": RESERVED,
    },
    "absent": {},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("port-range-narrow", case)
