"""octal-number: cases."""

from __future__ import annotations

from tests.rules.hygiene.conftest import JudgeLines, LineCase

CASES: dict[str, LineCase] = {
    "octal": {
        "text": "net.ipv4.tcp_fin_timeout = 010\n",
        "finds": [("warning", "1:28", "it sets 8. | 10 or 8")],
    },
    "in a vector": {
        "text": "net.ipv4.ip_local_port_range = 02000 65000\n",
        "finds": [("warning", "1:32", "sets 1024 65000")],
    },
    "a naive auditor flags 0 and 0x": {
        "text": "net.ipv4.tcp_sack = 0\nnet.ipv4.tcp_fastopen = 0x3\n"
    },
}


def test_octal_number(judge_lines: JudgeLines, case: LineCase) -> None:
    judge_lines("octal-number", case)
