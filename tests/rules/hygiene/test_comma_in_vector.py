"""comma-in-vector: cases."""

from __future__ import annotations

from tests.rules.hygiene.conftest import JudgeLines, LineCase

CASES: dict[str, LineCase] = {
    "comma": {
        "text": "net.ipv4.ip_local_port_range = 1024,65000\n",
        "finds": [("error", "1:32", "= 1024 65000")],
    },
    "dash": {
        "text": "net.ipv4.ip_local_port_range = 1024-65000\n",
        "finds": [("error", "1:32", "= 1024 65000")],
    },
    "comma and blank": {
        "text": "net.ipv4.tcp_rmem = 4096, 87380, 6291456\n",
        "finds": [("error", "1:21", "= 4096 87380 6291456")],
    },
    "a naive auditor flags lists of ports": {
        "text": "net.ipv4.ip_local_reserved_ports = 8080,9000-9010\n"
    },
}


def test_comma_in_vector(judge_lines: JudgeLines, case: LineCase) -> None:
    judge_lines("comma-in-vector", case)
