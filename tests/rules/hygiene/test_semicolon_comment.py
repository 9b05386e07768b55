"""semicolon-comment: cases."""

from __future__ import annotations

from tests.rules.hygiene.conftest import JudgeLines, LineCase

CASES: dict[str, LineCase] = {
    "loader unknown": {
        "text": "# a\n  ; old style\n; again\n",
        "finds": [("warning", "2:3", "systemd-sysctl 262")],
    },
    "262": {
        "text": "; x\n",
        "loaders": ("systemd-sysctl 262.1",),
        "finds": [("error", "1:1", "exits with 1")],
    },
    "252": {
        "text": "; x\n",
        "loaders": ("systemd-sysctl 252",),
        "finds": [("note", "1:1", "exits with 1")],
    },
    "a naive auditor looks for any ;": {"text": "# a; b\nnet.core.somaxconn = 4096 ; x\n"},
}


def test_semicolon_comment(judge_lines: JudgeLines, case: LineCase) -> None:
    judge_lines("semicolon-comment", case)
