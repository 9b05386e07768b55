from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tuner.snapshot.snapshot import Listener, Sockets

KEY = "net.core.somaxconn"


def sockets(*listeners: Listener) -> Sockets:
    return Sockets({}, listeners, ())


CASES: dict[str, dict[str, Any]] = {
    "lowered since": {
        "live": {KEY: "1024"},
        "sockets": sockets(Listener("::", 443, 0, 4096), Listener("::", 80, 0, 4096)),
        "finds": [("note", KEY, "Port 80, 443: a backlog of 4,096")],
    },
    # A naive auditor expects backlog and somaxconn to be equal; programs ask for less.
    "naive: the program asks for less": {
        "live": {KEY: "4096"},
        "sockets": sockets(Listener("::", 80, 0, 511)),
    },
    "sockets unseen": {"live": {KEY: "1024"}, "skips": "TCP sockets"},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("backlog-older-than-somaxconn", case)
