"""trailing-comment: cases."""

from __future__ import annotations

from tests.rules.hygiene.conftest import JudgeLines, LineCase

CASES: dict[str, LineCase] = {
    "number": {
        "text": "net.core.somaxconn = 4096  # default 128\n",
        "finds": [("warning", "1:28", "refused. | net.core.somaxconn = 4096")],
    },
    "word": {
        "text": "net.ipv4.tcp_congestion_control = bbr # fast\n",
        "finds": [("error", "1:39", "does nothing")],
    },
    "list of ports": {
        "text": "net.ipv4.ip_local_reserved_ports=8080 # tomcat",
        "finds": [("error", "1:39", "refuses it")],
    },
    "two numbers are numbers": {
        "text": "net.ipv4.ip_local_port_range = 1024 65000 ; all",
        "finds": [("warning", "1:43", "1024 65000")],
    },
    "a naive auditor looks for any #": {"text": "# a = 1 # b\nnet.core.somaxconn = 4096\n"},
    "without a blank it is a refused value": {"text": "net.core.somaxconn = 4096#x\n"},
}


def test_trailing_comment(judge_lines: JudgeLines, case: LineCase) -> None:
    judge_lines("trailing-comment", case)
