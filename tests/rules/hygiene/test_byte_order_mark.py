"""byte-order-mark: cases."""

from __future__ import annotations

from tests.rules.hygiene.conftest import JudgeLines, LineCase

CASES: dict[str, LineCase] = {
    "utf-8": {
        "text": b"\xef\xbb\xbfnet.core.somaxconn = 1\n",
        "finds": [("error", "1:1", "first line, which is lost")],
    },
    "utf-16": {
        "text": "net.core.somaxconn = 1\n".encode("utf-16"),
        "finds": [("error", "1:1", "UTF-16")],
    },
    "a naive auditor wants ASCII": {"text": "# größer\nnet.core.somaxconn = 1\n"},
}


def test_byte_order_mark(judge_lines: JudgeLines, case: LineCase) -> None:
    judge_lines("byte-order-mark", case)
