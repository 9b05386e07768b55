"""meaningless-value: cases."""

from __future__ import annotations

from tests.rules.hygiene.conftest import JudgeLines, LineCase

CASES: dict[str, LineCase] = {
    "switch": {
        "text": "net.ipv4.ip_forward = 2\n",
        "finds": [("warning", "1:23", "is a switch: 0 or 1")],
    },
    "mode": {
        "text": "net.ipv4.tcp_syncookies = 3\n",
        "finds": [("warning", "1:27", "has no value 3")],
    },
    "negative": {
        "text": "net.ipv4.tcp_fin_timeout = -1\n",
        "finds": [("warning", "1:28", "is no negative number")],
    },
    "a naive auditor flags every negative number": {
        "text": "net.ipv4.tcp_max_tw_buckets = -1\nnet.ipv4.tcp_adv_win_scale = -2\n"
    },
    "refused is another rule": {"text": "net.ipv4.tcp_tw_reuse = 3\n"},
}


def test_meaningless_value(judge_lines: JudgeLines, case: LineCase) -> None:
    judge_lines("meaningless-value", case)
