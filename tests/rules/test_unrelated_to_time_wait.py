from __future__ import annotations

from collections.abc import Callable
from typing import Any

FILE = "/etc/sysctl.d/9.conf"


def host(
    comment: str, key: str = "net.ipv4.tcp_keepalive_time", value: str = "600"
) -> dict[str, Any]:
    return {"live": {key: value}, "files": {FILE: f"# {comment}\n{key} = {value}\n"}}


CASES: dict[str, dict[str, Any]] = {
    "keep-alive": host("clean up TIME_WAIT connections faster")
    | {"finds": [("note", "tcp_keepalive_time", "established connections")]},
    "memory": host("fewer TIME_WAIT", "net.ipv4.tcp_mem", "1 2 3")
    | {"finds": [("note", "tcp_mem", "holds no buffers")]},
    "descriptors, russian": host("уменьшить TIME_WAIT", "fs.file-max", "100000")
    | {"finds": [("note", "fs.file-max", "no file descriptor")]},
    # A naive auditor sees the word; these people know, or speak of another state.
    "naive: denies it": host("does not reduce TIME_WAIT"),
    "naive: another state": host("shorten FIN_WAIT and TIME_WAIT"),
    "no verb": host("TIME_WAIT and keepalive section"),
    "another key": host("reduce TIME_WAIT", "net.ipv4.tcp_sack", "1"),
    "no files": {"files": None},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("unrelated-to-time-wait", case)
