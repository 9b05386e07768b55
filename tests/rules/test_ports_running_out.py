from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tuner.snapshot.snapshot import Flow, Sockets

REUSE, RANGE, STAMPS = "tcp_tw_reuse", "ip_local_port_range", "tcp_timestamps"
DEFAULT = {RANGE: "32768 60999", REUSE: "2", STAMPS: "1"}


def flows(*rows: tuple[str, int, str], local: str = "192.0.2.1", port: int = 5432) -> Sockets:
    return Sockets(
        {},
        (),
        tuple(Flow(state, local, 0, remote, port, count) for state, count, remote in rows),
    )


DB = "192.0.2.9"
CASES: dict[str, dict[str, Any]] = {
    "half, in TIME_WAIT": {
        "live": DEFAULT,
        "sockets": flows(("TIME-WAIT", 14000, DB), ("ESTAB", 200, DB)),
        "finds": [
            ("warning", REUSE, "14,200 of 28,232 ports from 192.0.2.1 to 192.0.2.9 port 5432")
        ],
    },
    "half, before the search by parity": {
        "kernel": "4.4.0",
        "live": DEFAULT,
        "sockets": flows(("ESTAB", 14200, DB)),
        "finds": [("warning", RANGE, "connect() searches ever longer and fails at 28,232")],
    },
    "nearly full, held open": {
        "live": DEFAULT,
        "sockets": flows(("ESTAB", 25000, DB)),
        "finds": [("error", RANGE, "10000 to 65535 has 55,536 ports")],
    },
    "nearly full, reuse is on": {
        "live": {**DEFAULT, REUSE: "1", RANGE: "10000 65535"},
        "sockets": flows(("ESTAB", 50000, DB), ("TIME-WAIT", 4000, DB)),
        "finds": [("error", RANGE, "multiply them")],
    },
    "reserved ports do not count": {
        "live": {
            RANGE: "40000 40063",
            REUSE: "0",
            STAMPS: "1",
            "ip_local_reserved_ports": "40000-40031",
        },
        "sockets": flows(("TIME-WAIT", 20, DB)),
        "finds": [("warning", RANGE, "20 of 32 ports")],
    },
    "reuse without timestamps frees nothing": {
        "live": {**DEFAULT, REUSE: "1", STAMPS: "0"},
        "sockets": flows(("TIME-WAIT", 20000, DB)),
        "finds": [("warning", RANGE, "20,000 of 28,232")],
    },
    # A naive auditor counts TIME_WAIT; it matters per destination, and not where it is reused.
    "naive: many, to many destinations": {
        "live": DEFAULT,
        "sockets": flows(*(("TIME-WAIT", 4000, f"192.0.2.{number}") for number in range(10, 40))),
    },
    "naive: a server's own TIME_WAIT": {
        "live": DEFAULT,
        "sockets": Sockets({}, (), (Flow("TIME-WAIT", "192.0.2.1", 443, "", 0, 90000),)),
    },
    "naive: reused": {
        "live": {**DEFAULT, REUSE: "1"},
        "sockets": flows(("TIME-WAIT", 28000, DB)),
    },
    "naive: reused on loopback": {
        "live": DEFAULT,
        "sockets": flows(("TIME-WAIT", 28000, "127.0.0.1"), local="127.0.0.1"),
    },
    "idle": {"live": DEFAULT, "sockets": flows(("ESTAB", 12, DB))},
    "sockets unseen": {"live": DEFAULT, "skips": "TCP sockets"},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("ports-running-out", case)
