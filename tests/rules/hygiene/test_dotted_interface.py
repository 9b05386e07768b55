"""dotted-interface: cases."""

from __future__ import annotations

from tests.rules.hygiene.conftest import JudgeLines, LineCase

CASES: dict[str, LineCase] = {
    "vlan": {
        "text": "net.ipv4.conf.eth0.100.rp_filter = 1\n",
        "finds": [("error", "1:1", "net/ipv4/conf/eth0.100/rp_filter = 1")],
    },
    "two dots": {
        "text": "net.ipv6.neigh.eth0.1.2.gc_stale_time=60\n",
        "finds": [("error", "1:1", "eth0.1.2 keeps what it has")],
    },
    "a naive auditor flags every VLAN": {
        "text": "net/ipv4/conf/eth0.100/rp_filter = 1\nnet.ipv4.conf.eth0/100.rp_filter = 1\n"
    },
    "neigh.default has five parts": {"text": "net.ipv4.neigh.default.gc_thresh1 = 1024\n"},
}


def test_dotted_interface(judge_lines: JudgeLines, case: LineCase) -> None:
    judge_lines("dotted-interface", case)
