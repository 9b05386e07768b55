"""quoted-value: cases."""

from __future__ import annotations

from tests.rules.hygiene.conftest import JudgeLines, LineCase

CASES: dict[str, LineCase] = {
    "double": {
        "text": 'net.ipv4.tcp_rmem = "4096 87380 6291456"\n',
        "finds": [("error", "1:21", "net.ipv4.tcp_rmem = 4096 87380 6291456")],
    },
    "single, and one alone": {
        "text": "net.core.somaxconn='4096'\r\nnet.core.optmem_max = 1'\n",
        "finds": [("error", "1:20", "refuses"), ("error", "2:23", "refuses")],
    },
    "a naive auditor looks into comments": {"text": '# it\'s "fine"\nnet.core.somaxconn = 1\n'},
}


def test_quoted_value(judge_lines: JudgeLines, case: LineCase) -> None:
    judge_lines("quoted-value", case)
