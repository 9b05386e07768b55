"""lone-carriage-return: cases."""

from __future__ import annotations

from tests.rules.hygiene.conftest import JudgeLines, LineCase

CASES: dict[str, LineCase] = {
    "lone": {
        "text": b"net.core.somaxconn = 1\rnet.ipv4.ip_forward = 1\n",
        "finds": [("warning", "1:23", "procps 4 and busybox keep")],
    },
    "a naive auditor flags CRLF": {
        "text": b"net.core.somaxconn = 1\r\nnet.ipv4.ip_forward = 1\r\n"
    },
}


def test_lone_carriage_return(judge_lines: JudgeLines, case: LineCase) -> None:
    judge_lines("lone-carriage-return", case)
