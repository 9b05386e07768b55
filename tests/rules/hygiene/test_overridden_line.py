"""overridden-line: cases."""

from __future__ import annotations

from tests.rules.hygiene.conftest import JudgeLines, LineCase

CASES: dict[str, LineCase] = {
    "later file": {
        "text": "net.core.somaxconn = 1\n",
        "files": {"/usr/lib/sysctl.d/60-v.conf": "#\nnet.core.somaxconn = 2\n"},
        "finds": [("note", "1:1", "/usr/lib/sysctl.d/60-v.conf:2 sets net.core.somaxconn to 2")],
    },
    "a naive auditor flags what overriding is for": {
        "files": {
            "/usr/lib/sysctl.d/50-v.conf": "net.core.somaxconn = 1\n",
            "/etc/sysctl.d/60-b.conf": "net.core.somaxconn = 2\n",
        }
    },
    "a hidden file is not read": {
        "files": {
            "/usr/lib/sysctl.d/50-v.conf": "net.core.somaxconn = 1\n",
            "/etc/sysctl.d/50-v.conf": "net.core.somaxconn = 2\n",
        }
    },
}


def test_overridden_line(judge_lines: JudgeLines, case: LineCase) -> None:
    judge_lines("overridden-line", case)
