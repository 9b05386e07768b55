"""repeated-line: cases."""

from __future__ import annotations

from tests.rules.hygiene.conftest import JudgeLines, LineCase

CASES: dict[str, LineCase] = {
    "same file": {
        "text": "net.core.somaxconn = 1\nnet.core.somaxconn = 1\n",
        "finds": [("note", "2:1", ":1 sets net.core.somaxconn to the same value already")],
    },
    "undone in between": {
        "files": {
            "/etc/sysctl.d/10-a.conf": "net.ipv4.conf.all.accept_redirects = 0\n",
            "/etc/sysctl.d/20-b.conf": "net.ipv4.ip_forward = 0\n",
            "/etc/sysctl.d/90-c.conf": "net.ipv4.conf.all.accept_redirects = 0\n",
        },
        "finds": [("warning", "/etc/sysctl.d/90-c.conf:1:1", "in between resets it")],
    },
    "a naive auditor sees no order: forwarding comes first": {
        "text": "net.ipv4.ip_forward = 0\nnet.ipv4.conf.all.accept_redirects = 0\n"
    },
    "different values are another rule": {
        "text": "net.core.somaxconn = 1\nnet.core.somaxconn = 2\n"
    },
}


def test_repeated_line(judge_lines: JudgeLines, case: LineCase) -> None:
    judge_lines("repeated-line", case)
