"""endless-line: cases."""

from __future__ import annotations

from tests.rules.hygiene.conftest import JudgeLines, LineCase

CASES: dict[str, LineCase] = {
    "a MiB": {
        "text": "net.core.somaxconn = 1\n#" + "x" * (1 << 20) + "\nnet.ipv4.ip_forward = 1\n",
        "finds": [("error", "2:1", "reads nothing of the file from here on")],
    },
    "a naive auditor looks at the file's size": {"text": "# x\n" * (1 << 19)},
}


def test_endless_line(judge_lines: JudgeLines, case: LineCase) -> None:
    judge_lines("endless-line", case)
