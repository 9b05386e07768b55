from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tuner.snapshot.snapshot import Flow, Listener, Missing, Sockets

KEY = "tcp_tw_reuse"
IN = Flow("TIME-WAIT", "192.0.2.1", 443, "", 0, 900)
OUT = Flow("ESTAB", "192.0.2.1", 0, "198.51.100.7", 5432, 3)
SELF = Flow("ESTAB", "127.0.0.1", 0, "127.0.0.1", 6379, 30)


def sockets(*flows: Flow, listeners: bool = True, truncated: bool = False) -> Sockets:
    return Sockets(
        states={"TIME-WAIT": 900},
        listeners=(Listener("192.0.2.1", 443),) if listeners else (),
        flows=flows,
        truncated=truncated,
    )


CASES: dict[str, dict[str, Any]] = {
    "accepts only": {
        "live": {KEY: "1"},
        "sockets": sockets(IN, SELF),
        "finds": [("note", KEY, "its TIME_WAIT entries are not affected")],
    },
    # A naive auditor sees a listener and 1; this one connects to its database.
    "connects out as well": {"live": {KEY: "1"}, "sockets": sockets(IN, OUT)},
    "connects out at times": {
        "live": {KEY: "1"},
        "sockets": sockets(IN),
        "totals": {"TcpExt.TWRecycled": 12},
    },
    "never reused": {
        "live": {KEY: "1"},
        "sockets": sockets(IN),
        "totals": {"TcpExt.TWRecycled": 0},
        "finds": [("note", KEY, "")],
    },
    "a client by role": {
        "live": {KEY: "1"},
        "sockets": sockets(IN),
        "roles": ("public-server", "client-heavy"),
    },
    "a gateway": {"live": {KEY: "1"}, "sockets": sockets(IN), "roles": ("nat-gateway",)},
    "the policy wants it": {
        "live": {KEY: "1"},
        "sockets": sockets(IN),
        "profile": "expect: {net.ipv4.tcp_tw_reuse: {exactly: 1, why: w, sources: s}}",
    },
    "no listeners": {"live": {KEY: "1"}, "sockets": sockets(listeners=False)},
    "default": {"live": {KEY: "2"}, "sockets": sockets(IN)},
    "off": {"live": {KEY: "0"}},
    "sockets unseen": {"live": {KEY: "1"}, "skips": "TCP sockets"},
    "too many sockets": {
        "live": {KEY: "1"},
        "sockets": sockets(IN, truncated=True),
        "skips": "TCP sockets",
    },
    "unreadable": {"live": {KEY: Missing.DENIED}, "skips": KEY},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("tw-reuse-on-server", case)
