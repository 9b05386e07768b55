from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tuner.snapshot.snapshot import Listener, Sockets

KEY = "net.core.somaxconn"


def sockets(*listeners: Listener) -> Sockets:
    return Sockets({}, listeners, ())


NGINX = sockets(Listener("::", 80, 0, 511), Listener("::", 22, 0, 128))
CASES: dict[str, dict[str, Any]] = {
    "nginx asks for 511": {
        "live": {KEY: "65535"},
        "sockets": NGINX,
        "finds": [("note", KEY, "511 (port 80)")],
    },
    # A naive auditor sees 65535 and is content, or sees 511 and blames somaxconn.
    "naive: default": {"live": {KEY: "4096"}, "sockets": NGINX},
    "one listener uses it": {
        "live": {KEY: "65535"},
        "sockets": sockets(Listener("::", 443, 0, 32768), Listener("::", 22, 0, 128)),
    },
    "overflowing: another rule": {
        "live": {KEY: "65535"},
        "sockets": sockets(Listener("::", 80, 512, 511)),
    },
    "it overflowed: another rule": {
        "live": {KEY: "65535"},
        "sockets": NGINX,
        "totals": {"TcpExt.ListenOverflows": 7},
    },
    "naive: sshd alone": {
        "live": {KEY: "65535"},
        "sockets": sockets(Listener("::", 22, 0, 128), Listener("127.0.0.1", 25, 0, 100)),
    },
    "no listeners": {"live": {KEY: "65535"}, "sockets": sockets()},
    "sockets unseen": {"live": {KEY: "65535"}, "skips": "TCP sockets"},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("somaxconn-unused", case)
