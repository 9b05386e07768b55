from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "tcp_tw_reuse"


def host(comment: str, value: str = "1") -> dict[str, Any]:
    text = f"# {comment}\nnet.ipv4.tcp_tw_reuse = {value}\n"
    return {"live": {KEY: value}, "files": {"/etc/sysctl.d/9.conf": text}}


FINDS = {"finds": [("note", KEY, "It clears no TIME_WAIT entry")]}
CASES: dict[str, dict[str, Any]] = {
    "english": host("recycle TIME_WAIT sockets faster") | FINDS,
    "chinese, the two comments swapped": host("开启TCP连接中TIME-WAIT sockets的快速回收") | FINDS,
    "korean": host("TIME_WAIT 소켓 정리") | FINDS,
    # A naive auditor sees TIME_WAIT; these say what the key does.
    "naive: knows": host("reuse TIME_WAIT sockets for new connections, do not recycle"),
    "naive: knows, chinese": host("允许将TIME-WAIT sockets重新用于新的TCP连接"),
    "off": host("no TIME_WAIT recycling", "0"),
    "no comment": host("tuning"),
    "absent": {"files": {"/etc/sysctl.d/9.conf": "# kill TIME_WAIT\nnet.ipv4.tcp_tw_reuse=1"}},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("tw-reuse-as-recycle", case)
