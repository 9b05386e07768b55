"""forwarding-order: cases."""

from __future__ import annotations

from tests.rules.hygiene.conftest import JudgeLines, LineCase

CASES: dict[str, LineCase] = {
    "redirects": {
        "text": "net.ipv4.conf.all.accept_redirects = 0\nnet.ipv4.ip_forward = 0\n",
        "finds": [("warning", "2:1", "resets net.ipv4.conf.all.accept_redirects")],
    },
    "an interface": {
        "text": "net.ipv4.conf.eth1.forwarding = 0\nnet.ipv4.conf.all.forwarding = 1\n",
        "finds": [("warning", "2:1", "resets net.ipv4.conf.eth1.forwarding")],
    },
    "over files, by their names": {
        "files": {
            "/usr/lib/sysctl.d/10-v.conf": "net.ipv4.conf.all.accept_redirects=1\n",
            "/etc/sysctl.d/90-f.conf": "net.ipv4.ip_forward=1\n",
        },
        "finds": [("warning", "/etc/sysctl.d/90-f.conf:1:1", "sets to 1")],
    },
    "right order": {"text": "net.ipv4.ip_forward = 0\nnet.ipv4.conf.all.accept_redirects = 0\n"},
    "a naive auditor flags it though it writes the same": {
        "text": "net.ipv4.conf.all.accept_redirects = 0\nnet.ipv4.ip_forward = 1\n"
    },
}


def test_forwarding_order(judge_lines: JudgeLines, case: LineCase) -> None:
    judge_lines("forwarding-order", case)
