"""default-without-interfaces: cases."""

from __future__ import annotations

from tests.rules.hygiene.conftest import JudgeLines, LineCase

CASES: dict[str, LineCase] = {
    "ipv4": {
        "text": "net.ipv4.conf.default.rp_filter = 1\n",
        "finds": [("note", "1:1", "never had an address")],
    },
    "ipv6": {
        "text": "net.ipv6.conf.default.accept_ra = 0\n",
        "finds": [("note", "1:1", "of the existing ones none")],
    },
    "with all": {"text": "net.ipv4.conf.default.rp_filter = 1\nnet.ipv4.conf.all.rp_filter = 1\n"},
    "with a pattern": {"text": "net.ipv4.conf.default.rp_filter=1\nnet.ipv4.conf.*.rp_filter=1\n"},
    "a naive auditor does not look at the host": {
        "text": "net.ipv4.conf.default.rp_filter = 1\n",
        "live": {"net.ipv4.conf.eth0.rp_filter": "1", "net.ipv4.conf.all.rp_filter": "0"},
    },
}


def test_default_without_interfaces(judge_lines: JudgeLines, case: LineCase) -> None:
    judge_lines("default-without-interfaces", case)
