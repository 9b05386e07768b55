"""pinned-default: cases."""

from __future__ import annotations

from tests.rules.hygiene.conftest import JudgeLines, LineCase

CASES: dict[str, LineCase] = {
    "of every release": {
        "text": "net.ipv4.tcp_fin_timeout = 60\n",
        "finds": [("note", "1:1", "60 is the kernel's default: the line")],
    },
    "of this release": {
        "text": "net.core.somaxconn = 4096\n",
        "kernel": "6.1",
        "finds": [("note", "1:1", "default of Linux 6.1")],
    },
    "of some releases": {"text": "net.core.somaxconn = 4096\n"},
    "a naive auditor flags what a comment explains": {
        "text": "# the vendor asks for it\nnet.ipv4.tcp_fin_timeout = 60\n"
    },
    "brings back what was changed": {
        "text": "net.ipv4.tcp_fin_timeout = 60\n",
        "files": {"/usr/lib/sysctl.d/10-v.conf": "net.ipv4.tcp_fin_timeout = 20\n"},
    },
    "somebody changed it": {
        "text": "net.ipv4.tcp_fin_timeout = 60\n",
        "live": {"net.ipv4.tcp_fin_timeout": "20"},
    },
    "of interfaces": {"text": "net.ipv4.conf.all.rp_filter = 0\n"},
}


def test_pinned_default(judge_lines: JudgeLines, case: LineCase) -> None:
    judge_lines("pinned-default", case)
