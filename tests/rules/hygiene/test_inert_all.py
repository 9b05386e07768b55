"""inert-all: cases."""

from __future__ import annotations

from tests.rules.hygiene.conftest import JudgeLines, LineCase

CASES: dict[str, LineCase] = {
    "alone": {
        "text": "net.ipv6.conf.all.accept_ra = 0\n",
        "finds": [("warning", "1:1", "no interface changes.")],
    },
    "with default only": {
        "text": "net.ipv6.conf.all.accept_ra = 0\nnet.ipv6.conf.default.accept_ra = 0\n",
        "finds": [("warning", "1:1", "no interface changes.")],
    },
    "with interfaces": {
        "text": "net.ipv6.conf.all.accept_ra = 0\nnet.ipv6.conf.eth0.accept_ra = 0\n",
        "finds": [("note", "1:1", "but for what other lines set")],
    },
    "a naive auditor flags all of all": {
        "text": "net.ipv6.conf.all.disable_ipv6 = 1\nnet.ipv6.conf.all.forwarding = 1\n"
        "net.ipv6.conf.all.accept_source_route = 0\nnet.ipv4.conf.all.accept_redirects = 0\n"
    },
}


def test_inert_all(judge_lines: JudgeLines, case: LineCase) -> None:
    judge_lines("inert-all", case)
