from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "tcp_challenge_ack_limit"


def host(value: str, kernel: str) -> dict[str, Any]:
    return {
        "kernel": kernel,
        "live": {KEY: value},
        "files": {"/etc/sysctl.d/9.conf": f"net.ipv4.tcp_challenge_ack_limit = {value}"},
    }


CASES: dict[str, dict[str, Any]] = {
    "the remedy of 2016": host("999999999", "6.1.0") | {"finds": [("note", KEY, "CVE-2016-5696")]},
    # A naive auditor flags the odd number; on this kernel it is the remedy.
    "naive: an older kernel": host("999999999", "4.18.0"),
    "no line": {"live": {KEY: "2147483647"}},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("challenge-acks-limited", case)
