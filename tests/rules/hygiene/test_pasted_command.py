"""pasted-command: cases."""

from __future__ import annotations

from tests.rules.hygiene.conftest import JudgeLines, LineCase

CASES: dict[str, LineCase] = {
    "sysctl -w": {
        "text": "sysctl -w net.ipv4.ip_forward=1\n",
        "finds": [("error", "1:1", "net.ipv4.ip_forward = 1")],
    },
    "echo": {
        "text": "#\n sudo echo 1 > /proc/sys/net/ipv4/ip_forward\n",
        "finds": [("error", "2:1", "no such line")],
    },
    "a naive auditor reads comments": {"text": "# sysctl -w net.ipv4.ip_forward=1\n"},
    "a key is no command": {"text": "net.ipv4.ip_forward = 1\n"},
}


def test_pasted_command(judge_lines: JudgeLines, case: LineCase) -> None:
    judge_lines("pasted-command", case)
