from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tuner.snapshot.snapshot import Listener, Missing, Sockets

KEY = "ip_local_port_range"
RESERVED = "ip_local_reserved_ports"


def sockets(*ports: int) -> Sockets:
    return Sockets({}, tuple(Listener("::", port) for port in ports), ())


CASES: dict[str, dict[str, Any]] = {
    "from 1024": {
        "live": {KEY: "1024 65535"},
        "sockets": sockets(22),
        "finds": [("note", KEY, "3306, 5432")],
    },
    "sockets unseen": {"live": {KEY: "1024 65535"}, "finds": [("note", KEY, "")]},
    "from 9000": {"live": {KEY: "9000 65500"}, "finds": [("note", KEY, "(9000, 9092, 9200)")]},
    # A naive auditor flags every 1024; here the services' ports are reserved.
    "naive: reserved": {"live": {KEY: "1024 65535", RESERVED: "1024-9999"}},
    "a listener: another rule": {"live": {KEY: "1024 65535"}, "sockets": sockets(5432)},
    "from 10000": {"live": {KEY: "10000 65535"}},
    "default": {"live": {KEY: "32768 60999"}},
    "at the next boot": {
        "live": {KEY: "32768 60999", "ip_unprivileged_port_start": "1024"},
        "files": {"/etc/sysctl.d/9.conf": "net.ipv4.ip_local_port_range = 1024 65535"},
        "sockets": sockets(5432),
        "finds": [("note", KEY, "The next boot sets it.")],
    },
    "the policy wants it": {
        "live": {KEY: "1024 65535"},
        "profile": "expect: {net.ipv4.ip_local_port_range: {exactly: 1024 65535, why: w, sources: s}}",
    },
    "unreadable": {"live": {KEY: Missing.DENIED}, "skips": KEY},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("port-range-from-services", case)
