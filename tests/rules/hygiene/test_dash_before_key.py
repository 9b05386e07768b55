"""dash-before-key: cases."""

from __future__ import annotations

from tests.rules.hygiene.conftest import JudgeLines, LineCase

CASES: dict[str, LineCase] = {
    "exclusion": {
        "text": "-net.ipv4.conf.all.rp_filter\n",
        "finds": [("note", "1:2", "procps 3.3 writes =")],
    },
    "assignment under busybox": {
        "text": "-net.ipv4.ip_forward = 1\n",
        "loaders": ("busybox 1.36.1",),
        "finds": [("warning", "1:2", "part of the key")],
    },
    "blank": {
        "text": "- net.ipv4.ip_forward = 1\n",
        "loaders": ("systemd-sysctl 252", "procps 4.0.2"),
        "finds": [("warning", "1:3", "begins with a blank")],
    },
    "a naive auditor flags vendors' files on new hosts": {
        "text": "-net.ipv4.conf.all.rp_filter\n-net.ipv4.ping_group_range = 0 1\n",
        "loaders": ("systemd-sysctl 252", "procps 4.0.2"),
    },
}


def test_dash_before_key(judge_lines: JudgeLines, case: LineCase) -> None:
    judge_lines("dash-before-key", case)
