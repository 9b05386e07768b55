from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tuner.snapshot.snapshot import Missing

KEY = "tcp_fin_timeout"


def host(value: str, comment: str, key: str = "net.ipv4.tcp_fin_timeout") -> dict[str, Any]:
    """A host where the line is in force."""
    return {
        "live": {KEY: value},
        "files": {"/etc/sysctl.d/9.conf": f"# {comment}\n{key} = {value}\n"},
    }


def believes(value: str, comment: str) -> dict[str, Any]:
    return host(value, comment) | {"finds": [("warning", KEY, "TIME_WAIT stays 60 s")]}


def knows(value: str, comment: str) -> dict[str, Any]:
    return host(value, comment) | {"finds": [("note", KEY, "TIME_WAIT stays 60 s")]}


CASES: dict[str, dict[str, Any]] = {
    "default": {"live": {KEY: "60"}},
    "default, and a comment on it": host("60", "TIME_WAIT lasts 60 s"),
    "english": believes("30", "Decrease the time default value for TIME_WAIT"),
    "english, in words": believes("15", "shorten time wait"),
    "korean": believes("30", "TIME_WAIT 소켓을 빨리 정리"),
    "korean, transliterated": believes("30", "타임 웨이트 시간 단축"),
    "chinese": believes("30", "减少 TIME_WAIT 状态的时间"),
    "russian": believes("30", "уменьшить TIME_WAIT"),
    "indonesian": believes("30", "kurangi antrian TIME-WAIT"),
    "spanish": believes("30", "Disminuir tiempo TIME_WAIT"),
    "trailing": {
        "live": {KEY: "15"},
        "files": {"/etc/sysctl.d/9.conf": "net.ipv4.tcp_fin_timeout = 15 # TIME_WAIT duration"},
        "finds": [("warning", KEY, "TIME_WAIT stays 60 s")],
    },
    # A naive auditor sees TIME_WAIT next to the key; these people know better.
    "knows fin_wait": knows("30", "FIN_WAIT2 of orphans, nothing to do with TIME_WAIT"),
    "knows, english": knows("30", "does not change TIME_WAIT"),
    "knows, korean": knows("30", "TIME_WAIT 과는 무관"),
    "knows, chinese": knows("30", "不影响 TIME_WAIT"),
    "knows, russian": knows("30", "не влияет на TIME_WAIT"),
    "knows, indonesian": knows("30", "tidak mengubah TIME_WAIT"),
    "knows, spanish": knows("30", "no afecta a TIME_WAIT"),
    "the comment belongs to another line": {
        "live": {KEY: "30"},
        "files": {
            "/etc/sysctl.d/9.conf": "# TIME_WAIT\nnet.ipv4.tcp_tw_reuse = 1\n"
            "net.ipv4.tcp_fin_timeout = 30\n"
        },
        "finds": [("note", KEY, "")],
    },
    "believed, not in force yet": {
        "live": {KEY: "60"},
        "files": {"/etc/sysctl.d/9.conf": "# TIME_WAIT\nnet.ipv4.tcp_fin_timeout = 90\n"},
        "finds": [("warning", KEY, "90 makes FIN_WAIT2 last 60 s")],
    },
    "trap, 61": {"live": {KEY: "61"}, "finds": [("warning", KEY, "last 2 s, not 61")]},
    "trap, 90": {"live": {KEY: "90"}, "finds": [("warning", KEY, "last 60 s, not 90")]},
    "trap, 119": {"live": {KEY: "119"}, "finds": [("warning", KEY, "last 118 s, not 119")]},
    "120 does what it says": {"live": {KEY: "120"}, "finds": [("note", KEY, "whatever it says.")]},
    "6": {"live": {KEY: "6"}, "finds": [("note", KEY, "")]},
    "5": {"live": {KEY: "5"}, "finds": [("warning", KEY, "more than 5 seconds to close")]},
    "1": {"live": {KEY: "1"}, "finds": [("warning", KEY, "more than 1 second to close")]},
    "0": {"live": {KEY: "0"}, "finds": [("warning", KEY, "3.5 retransmission timeouts")]},
    "the policy wants it": {
        "live": {KEY: "30"},
        "profile": "expect: {net.ipv4.tcp_fin_timeout: {exactly: 30, why: w, sources: s}}",
    },
    "no files": {"live": {KEY: "30"}, "files": None, "finds": [("note", KEY, "")]},
    "unreadable": {"live": {KEY: Missing.DENIED}, "skips": KEY},
    "absent": {},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("fin-timeout-time-wait", case)
