from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "tcp_tw_reuse"
FILE = "/etc/sysctl.d/9.conf"


def host(comment: str, value: str = "2", **more: Any) -> dict[str, Any]:
    text = f"# {comment}\nnet.ipv4.tcp_tw_reuse = {value}\n"
    return {"live": {KEY: value}, "files": {FILE: text}, **more}


FINDS = {"finds": [("note", KEY, "2 is not more than 1")]}
CASES: dict[str, dict[str, Any]] = {
    "more aggressive": host("more aggressive reuse") | FINDS,
    "chinese": host("更激进的重用") | FINDS,
    "korean": host("모든 소켓 재사용") | FINDS,
    # A naive auditor sees a line with 2; these say what 2 is, or say nothing.
    "naive: knows loopback": host("reuse for all loopback connections"),
    "no opinion": host("socket reuse"),
    "one is one": host("aggressive reuse", "1"),
    "older kernels take any number for on": host("more aggressive", kernel="4.14.0"),
    "absent": {"files": {FILE: "# aggressive\nnet.ipv4.tcp_tw_reuse = 2"}},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("tw-reuse-two-as-more", case)
