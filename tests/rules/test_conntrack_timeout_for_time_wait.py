from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "net.netfilter.nf_conntrack_tcp_timeout_time_wait"


def host(comment: str, value: str = "30", forward: str = "0", **more: Any) -> dict[str, Any]:
    text = f"# {comment}\n{KEY} = {value}\n"
    return {
        "live": {KEY: value, "ip_forward": forward},
        "files": {"/etc/sysctl.d/9.conf": text},
        **more,
    }


FINDS = {"finds": [("warning", KEY, "not TIME_WAIT")]}
CASES: dict[str, dict[str, Any]] = {
    "english": host("reduce the number of TIME_WAIT sockets") | FINDS,
    "korean": host("TIME_WAIT 소켓을 빨리 정리") | FINDS,
    "spanish": host("acortar TIME_WAIT") | FINDS,
    # A naive auditor flags 30; this host wants a small table and says so.
    "naive: about the table": host("shorter TIME_WAIT entries keep the conntrack table small"),
    "no comment": host("tuning"),
    "longer": host("reduce TIME_WAIT", "180"),
    "a gateway has another rule": host("reduce TIME_WAIT", roles=("nat-gateway",)),
    "forwarding has another rule": host("reduce TIME_WAIT", forward="1"),
    "absent": {},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("conntrack-timeout-for-time-wait", case)
