"""refused-value: cases."""

from __future__ import annotations

from tests.rules.hygiene.conftest import JudgeLines, LineCase

CASES: dict[str, LineCase] = {
    "range": {
        "text": "net.ipv4.tcp_tw_reuse = 3\n",
        "finds": [("error", "1:25", "2 is the most it takes")],
    },
    "unit": {
        "text": "net.core.somaxconn = 10k\n",
        "finds": [("error", "1:22", "it is not a number")],
    },
    "comment without a blank": {
        "text": "net.core.somaxconn = 65535#x\n",
        "finds": [("error", "1:22", "it is not a number")],
    },
    "ports": {
        "text": "net.ipv4.ip_local_port_range = 65000 1024\nnet/ipv4/ip_local_port_range=1 65536\n",
        "finds": [
            ("error", "1:32", "ends before it begins"),
            ("error", "2:30", "between 1 and 65535"),
        ],
    },
    "a high mark before the low one": {
        "text": "net.ipv4.ipfrag_high_thresh = 262144\nnet.ipv4.ipfrag_low_thresh = 196608\n",
        "finds": [("error", "1:31", "below net.ipv4.ipfrag_low_thresh, 3145728 when this line")],
    },
    "a low mark above the high one": {
        "text": "net.ipv6.ip6frag_low_thresh = 5000000\n",
        "finds": [("error", "1:31", "above net.ipv6.ip6frag_high_thresh, 4194304 when")],
    },
    "a naive auditor minds the order": {
        "text": "net.ipv4.ipfrag_low_thresh = 196608\nnet.ipv4.ipfrag_high_thresh = 262144\n"
    },
    "ports below the unprivileged ones": {
        "text": "net.ipv4.ip_local_port_range = 1000 65000\n",
        "finds": [("error", "1:32", "since Linux 4.11")],
    },
    "which 4.4 takes": {
        "text": "net.ipv4.ip_local_port_range = 1000 65000\n",
        "kernel": "4.4",
    },
    "a naive auditor knows no history: before 4.18 any number": {
        "text": "net.ipv4.tcp_tw_reuse = 3\n",
        "kernel": "4.9",
    },
    "hexadecimal is a number": {"text": "net.ipv4.tcp_fastopen = 0x603\n"},
    "quotes, commas and templates have rules of their own": {
        "text": 'net.core.somaxconn = "1"\nnet.ipv4.tcp_rmem = 1,2,3\nnet.core.somaxconn = {{ n }}\n'
    },
}


def test_refused_value(judge_lines: JudgeLines, case: LineCase) -> None:
    judge_lines("refused-value", case)
