"""not-an-assignment: cases."""

from __future__ import annotations

from tests.rules.hygiene.conftest import JudgeLines, LineCase

CASES: dict[str, LineCase] = {
    "prose": {
        "text": "Increase the backlog\nnet.core.somaxconn = 1\n",
        "finds": [("error", "1:1", "systemd-sysctl exits with 1")],
    },
    "slashes": {"text": "// old\n", "finds": [("error", "1:1", "# before it")]},
    "no key": {"text": "= 1\n", "finds": [("error", "1:1", "no key before the =")]},
    "a naive auditor flags exclusions and templates": {
        "text": "-net.ipv4.conf.all.rp_filter\n{% if x %}\n\n"
    },
    "commands and marks have rules of their own": {
        "text": b"\xef\xbb\xbf# x\necho 1 > /proc/sys/net/ipv4/ip_forward\n"
    },
}


def test_not_an_assignment(judge_lines: JudgeLines, case: LineCase) -> None:
    judge_lines("not-an-assignment", case)
