"""module-comes-later: cases."""

from __future__ import annotations

from tests.rules.hygiene.conftest import JudgeLines, LineCase

CASES: dict[str, LineCase] = {
    "a file alone": {
        "text": "net.netfilter.nf_conntrack_max = 262144\nnet.nf_conntrack_max = 262144\n",
        "finds": [("note", "1:1", "appears when nf_conntrack is loaded")],
    },
    "a tree that loads others": {
        "text": "net.netfilter.nf_conntrack_max = 262144\n",
        "modules": "tcp_bbr\n",
        "finds": [("warning", "1:1", "no modules-load.d file")],
    },
    "loaded": {
        "text": "net.netfilter.nf_conntrack_max = 262144\n",
        "modules": "# for the limit\nnf_conntrack\n",
    },
    "a naive auditor flags keys that have gone": {"text": "net.ipv4.ip_conntrack_max = 65536\n"},
}


def test_module_comes_later(judge_lines: JudgeLines, case: LineCase) -> None:
    judge_lines("module-comes-later", case)
