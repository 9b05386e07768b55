"""odd-blank: cases."""

from __future__ import annotations

from tests.rules.hygiene.conftest import JudgeLines, LineCase

CASES: dict[str, LineCase] = {
    "in a key": {
        "text": "net.core.somaxconn\u00a0= 1\n",
        "finds": [("error", "1:19", "U+00A0 looks like a blank and is none: no kernel has")],
    },
    "the first of a file": {
        "text": "\u00a0net.core.somaxconn = 1\n",
        "finds": [("error", "1:1", "U+00A0 looks like a blank and is none: no kernel has")],
    },
    "a byte order mark has a rule of its own": {"text": "\ufeffnet.core.somaxconn = 1\n"},
    "in a value": {
        "text": "net.core.somaxconn =\u3000 4096\n",
        "finds": [("error", "1:21", "the kernel refuses the value")],
    },
    "a naive auditor reads comments": {
        "text": "# d\u00e9j\u00e0\u00a0vu\nnet.core.somaxconn = 1\n"
    },
}


def test_odd_blank(judge_lines: JudgeLines, case: LineCase) -> None:
    judge_lines("odd-blank", case)
