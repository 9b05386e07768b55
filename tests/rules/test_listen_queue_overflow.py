from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tuner.snapshot.snapshot import Listener, Owner, Sockets

KEY = "net.core.somaxconn"
LOST = "TcpExt.ListenOverflows"


def sockets(*listeners: Listener, owners: tuple[Owner, ...] = ()) -> Sockets:
    return Sockets({}, listeners, (), owners=owners)


CASES: dict[str, dict[str, Any]] = {
    "full, clamped by somaxconn": {
        "live": {KEY: "128"},
        "sockets": sockets(
            Listener("::", 8080, 129, 128), owners=(Owner("LISTEN", 8080, "java", 1),)
        ),
        "totals": {LOST: 40},
        "rates": {LOST: 12.0, "Tcp.PassiveOpens": 100.0},
        "finds": [("error", KEY, "port 8080 (java) is full: it holds 129, and at most 129")],
    },
    "full, the program's own backlog": {
        "live": {KEY: "4096"},
        "sockets": sockets(Listener("::", 80, 51, 50)),
        "totals": {LOST: 40},
        "finds": [("error", "", "asked for 50, or called listen() before")],
    },
    "it overflows now, and the listener is known by its drops": {
        "live": {KEY: "4096"},
        "sockets": sockets(Listener("::", 80, 3, 511, drops=77), Listener("::", 22, 0, 128)),
        "totals": {LOST: 77},
        "rates": {LOST: 9.0},
        "finds": [("error", "", "port 80 has lost 77 connections")],
    },
    "it overflowed often, nobody knows whose": {
        "live": {KEY: "4096"},
        "totals": {LOST: 5000},
        "finds": [("warning", "", "which listener's, the host could not tell")],
    },
    # A naive auditor flags any queue that is not empty, or any overflow since boot.
    "naive: a queue in use": {
        "live": {KEY: "4096"},
        "sockets": sockets(Listener("::", 80, 128, 128)),
        "totals": {LOST: 0},
    },
    "naive: a few, long ago": {"live": {KEY: "4096"}, "totals": {LOST: 60}},
    "counters unseen": {"live": {KEY: "4096"}, "skips": "kernel counters"},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("listen-queue-overflow", case)
