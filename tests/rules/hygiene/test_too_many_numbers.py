"""too-many-numbers: cases."""

from __future__ import annotations

from tests.rules.hygiene.conftest import JudgeLines, LineCase

CASES: dict[str, LineCase] = {
    "single": {
        "text": "net.ipv4.tcp_fin_timeout = 30 60\n",
        "finds": [("warning", "1:28", "has one number: the kernel ignores 60")],
    },
    "vector": {
        "text": "net.ipv4.tcp_wmem = 4096 16384 4194304 1\n",
        "finds": [("warning", "1:21", "ignores 1. | net.ipv4.tcp_wmem = 4096 16384 4194304")],
    },
    "a naive auditor counts words of unknown keys": {"text": "net.x25.unknown = 1 2 3\n"},
    "kernel.sem has four": {"text": "kernel.sem = 250 32000 100 128\n"},
}


def test_too_many_numbers(judge_lines: JudgeLines, case: LineCase) -> None:
    judge_lines("too-many-numbers", case)
