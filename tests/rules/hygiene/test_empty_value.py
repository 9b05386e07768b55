"""empty-value: cases."""

from __future__ import annotations

from tests.rules.hygiene.conftest import JudgeLines, LineCase

CASES: dict[str, LineCase] = {
    "number": {
        "text": "net.core.somaxconn =\n",
        "finds": [("warning", "1:1", "which the kernel refuses")],
    },
    "list": {
        "text": "net.ipv4.ip_local_reserved_ports = \n",
        "finds": [("note", "1:1", "clear the list")],
    },
    "a naive auditor flags exclusions": {"text": "-net.ipv4.conf.all.rp_filter\n"},
}


def test_empty_value(judge_lines: JudgeLines, case: LineCase) -> None:
    judge_lines("empty-value", case)
