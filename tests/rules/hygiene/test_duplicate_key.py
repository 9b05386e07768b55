"""duplicate-key: cases."""

from __future__ import annotations

from tests.rules.hygiene.conftest import JudgeLines, LineCase

CASES: dict[str, LineCase] = {
    "values differ": {
        "text": "net.core.somaxconn = 1\nnet/core/somaxconn = 2\n",
        "finds": [("warning", "1:1", "Line 2 of this file sets net.core.somaxconn to 2")],
    },
    "one variable with two names": {
        "text": "net.nf_conntrack_max = 1\nnet.netfilter.nf_conntrack_max = 2\n",
        "finds": [("warning", "1:1", "to 2")],
    },
    "a naive auditor flags equal values": {
        "text": "net.ipv4.tcp_rmem = 1 2 3\nnet.ipv4.tcp_rmem = 1\t2  3\n"
    },
    "another file is another rule": {
        "text": "net.core.somaxconn = 1\n",
        "files": {"/etc/sysctl.d/60-b.conf": "net.core.somaxconn = 2\n"},
    },
}


def test_duplicate_key(judge_lines: JudgeLines, case: LineCase) -> None:
    judge_lines("duplicate-key", case)
