from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tuner.snapshot.snapshot import Flow, Sockets

AGAIN, OPENED = "TcpExt.TCPSynRetrans", "Tcp.ActiveOpens"

CASES: dict[str, dict[str, Any]] = {
    "a silent peer": {
        "totals": {},
        "sockets": Sockets({}, (), (Flow("SYN-SENT", "192.0.2.1", 0, "192.0.2.9", 5432, 25),)),
        "finds": [("warning", "", "25 connections from 192.0.2.1 to 192.0.2.9 port 5432")],
    },
    "many": {
        "totals": {AGAIN: 5000, OPENED: 9000},
        "rates": {AGAIN: 12.0, OPENED: 100.0},
        "sockets": Sockets({"SYN-SENT": 9}, (), ()),
        "finds": [("warning", "", "12 times a second at 100")],
    },
    "naive: a server that repeats its SYN-ACKs": {
        "totals": {AGAIN: 5000},
        "rates": {AGAIN: 12.0},
        "sockets": Sockets({"SYN-RECV": 90}, (), ()),
    },
    # A naive auditor flags any repeat; a twentieth of them is the internet's weather.
    "naive: few of many": {
        "totals": {AGAIN: 5000, OPENED: 900000},
        "rates": {AGAIN: 12.0, OPENED: 1000.0},
        "sockets": Sockets({"SYN-SENT": 9}, (), ()),
    },
    "idle": {"totals": {AGAIN: 5000, OPENED: 9000}},
    "counters unseen": {"skips": "kernel counters"},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("syns-unanswered", case)
