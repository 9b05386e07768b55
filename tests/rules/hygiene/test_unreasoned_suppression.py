"""unreasoned-suppression: cases."""

from __future__ import annotations

from tests.rules.hygiene.conftest import JudgeLines, LineCase

CASES: dict[str, LineCase] = {
    "no reason": {
        "text": "# tuner: ignore[pinned-default]\nnet.ipv4.tcp_fin_timeout = 60\n",
        "finds": [("warning", "1:1", "lacks a reason")],
    },
    "no rule": {
        "text": "# tuner: ignore because I say so\nnet.ipv4.tcp_fin_timeout = 60\n",
        "finds": [("warning", "1:1", "lacks the rule")],
    },
    "a naive auditor flags every comment with the name": {
        "text": "# tuner: ignore[pinned-default] ticket 4711\n# see the tuner README\n\n"
    },
}


def test_unreasoned_suppression(judge_lines: JudgeLines, case: LineCase) -> None:
    judge_lines("unreasoned-suppression", case)
