"""too-few-numbers: cases."""

from __future__ import annotations

from tests.rules.hygiene.conftest import JudgeLines, LineCase

CASES: dict[str, LineCase] = {
    "one of two": {
        "text": "net.ipv4.ip_local_port_range = 40000\n",
        "finds": [("warning", "1:32", "changes the first one only")],
    },
    "two of three": {
        "text": "net/ipv4/tcp_rmem = 4096 87380\n",
        "finds": [("warning", "1:21", "changes the first 2 only")],
    },
    "a naive auditor counts a comment": {"text": "net.ipv4.tcp_rmem = 4096 87380 6291456 # max\n"},
}


def test_too_few_numbers(judge_lines: JudgeLines, case: LineCase) -> None:
    judge_lines("too-few-numbers", case)
