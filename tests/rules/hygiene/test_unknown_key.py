"""unknown-key: cases."""

from __future__ import annotations

from tests.rules.hygiene.conftest import JudgeLines, LineCase

CASES: dict[str, LineCase] = {
    "slip": {
        "text": "net.ipv4.tcp_fin_timeot = 30\n",
        "finds": [("warning", "1:1", "net.ipv4.tcp_fin_timeout")],
    },
    "case": {
        "text": "net.ipv4.TCP_SYNCOOKIES = 1\n",
        "finds": [("warning", "1:1", "| net.ipv4.tcp_syncookies")],
    },
    "case of the first letter": {
        "text": "Net.ipv4.tcp_sack = 1\n",
        "finds": [("warning", "1:1", "case-sensitive")],
    },
    "invented": {
        "text": "net.ipv4.tcp_turbo_mode_enable = 1\n",
        "finds": [("warning", "1:1", "No Linux release is known to have")],
    },
    "another system's": {
        "text": "kern.maxfiles = 1024\nnet.inet.udp.checksum = 1\n",
        "finds": [("warning", "1:1", "another system"), ("warning", "2:1", "another system")],
    },
    "no folder of net": {
        "text": "net.ipv4_timestamps = 0\n",
        "finds": [("warning", "1:1", "No Linux release")],
    },
    "a naive auditor knows all keys": {
        "text": "fs.aio-max-nr = 1048576\nkernel.randomize_va_space = 2\nnet.unix.max_dgram_qlen = 9\n"
    },
    "the host shows it": {
        "text": "net.ipv4.tcp_vendor_knob = 1\n",
        "live": {"net.ipv4.tcp_vendor_knob": "1"},
    },
    "interfaces are known by their family": {"text": "net.ipv4.conf.wg0.rp_filter = 0\n"},
}


def test_unknown_key(judge_lines: JudgeLines, case: LineCase) -> None:
    judge_lines("unknown-key", case)
