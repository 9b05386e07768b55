"""pattern-in-key: cases."""

from __future__ import annotations

from tests.rules.hygiene.conftest import JudgeLines, LineCase

CASES: dict[str, LineCase] = {
    "loaders unknown: the first of a file": {
        "text": "net.ipv4.conf.*.rp_filter = 2\nnet.ipv4.conf.eth?.rp_filter = 2\n",
        "finds": [("note", "1:1", "before 245")],
    },
    "procps 3": {
        "text": "net.ipv4.conf.*.rp_filter = 2\n",
        "loaders": ("systemd-sysctl 249", "procps 3.3.17"),
        "finds": [("warning", "1:1", "procps 3.3.17 takes")],
    },
    "busybox alone": {
        "text": "net.ipv4.conf.*.rp_filter = 2\n",
        "loaders": ("busybox 1.36.1",),
        "finds": [("warning", "1:1", "busybox 1.36.1 takes")],
    },
    "a naive auditor counts the busybox that every Debian has": {
        "text": "net.ipv4.conf.*.rp_filter = 2\n",
        "loaders": ("systemd-sysctl 252.39", "procps 4.0.2", "busybox 1.35.0"),
    },
    "no pattern in a value": {"text": "kernel.core_pattern = core.*\n"},
}


def test_pattern_in_key(judge_lines: JudgeLines, case: LineCase) -> None:
    judge_lines("pattern-in-key", case)
