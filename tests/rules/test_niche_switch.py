from __future__ import annotations

from collections.abc import Callable
from typing import Any

FILE = "/etc/sysctl.d/9.conf"


def host(key: str, value: str, comment: str = "") -> dict[str, Any]:
    return {"live": {key: value}, "files": {FILE: f"# {comment}\n{key} = {value}\n"}}


CASES: dict[str, dict[str, Any]] = {
    "busy poll": host("net.core.busy_poll", "50")
    | {"finds": [("note", "net.core.busy_poll", "burns a processor in poll()")]},
    "collapse": host("net.ipv4.tcp_retrans_collapse", "0")
    | {"finds": [("note", "tcp_retrans_collapse", "printers")]},
    "flow entries without queues": host("net.core.rps_sock_flow_entries", "32768")
    | {"finds": [("note", "net.core.rps_sock_flow_entries", "rps_flow_cnt")]},
    "nonlocal bind": host("net.ipv4.ip_nonlocal_bind", "1")
    | {"finds": [("note", "ip_nonlocal_bind", "move between hosts")]},
    # A naive auditor flags it everywhere; this host says whose address moves.
    "naive: keepalived": host("net.ipv4.ip_nonlocal_bind", "1", "for the VRRP address"),
    "it repeats the default": host("net.ipv4.tcp_retrans_collapse", "1"),
    "live, and no line asks for it": {"live": {"net.core.busy_poll": "50"}},
    "not in this namespace": {"files": {FILE: "net.core.busy_poll = 50"}},
    "no files": {"files": None, "live": {"net.core.busy_poll": "50"}},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("niche-switch", case)
