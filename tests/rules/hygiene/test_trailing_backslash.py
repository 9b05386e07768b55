"""trailing-backslash: cases."""

from __future__ import annotations

from tests.rules.hygiene.conftest import JudgeLines, LineCase

CASES: dict[str, LineCase] = {
    "number": {
        "text": "net.core.somaxconn = 4096 \\\nnet.ipv4.ip_forward = 1\n",
        "finds": [("error", "1:27", "busybox joins the next line")],
    },
    "a naive auditor flags comments": {"text": "# C:\\\nnet.core.somaxconn = 1\n"},
}


def test_trailing_backslash(judge_lines: JudgeLines, case: LineCase) -> None:
    judge_lines("trailing-backslash", case)
