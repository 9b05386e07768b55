"""absolute-path: cases."""

from __future__ import annotations

from tests.rules.hygiene.conftest import JudgeLines, LineCase

CASES: dict[str, LineCase] = {
    "proc": {
        "text": "/proc/sys/net/ipv4/ip_forward = 1\n",
        "finds": [("warning", "1:1", "net/ipv4/ip_forward = 1")],
    },
    "a file": {
        "text": "/etc/hosts = x\n",
        "finds": [("error", "1:1", "busybox would overwrite the file /etc/hosts")],
    },
    "a key with a slash before it": {
        "text": "/net/ipv4/ip_forward = 1\n",
        "finds": [("note", "1:1", "net/ipv4/ip_forward = 1")],
    },
    "a naive auditor flags slashes": {"text": "net/ipv4/ip_forward = 1\n"},
}


def test_absolute_path(judge_lines: JudgeLines, case: LineCase) -> None:
    judge_lines("absolute-path", case)
