"""template-text: cases."""

from __future__ import annotations

from tests.rules.hygiene.conftest import JudgeLines, LineCase

CASES: dict[str, LineCase] = {
    "jinja": {
        "text": "# {{ managed }}\nnet.core.somaxconn = {{ n }}\n{% if x %}\n",
        "finds": [("note", "2:22", "This is a template")],
    },
    "erb": {"text": "<% if @x %>\n", "finds": [("note", "1:1", "This is a template")]},
    "a naive auditor reads comments": {"text": "# {{ managed }}\nnet.core.somaxconn = 1\n"},
    "core patterns are no marks": {"text": "kernel.core_pattern = |/bin/x %P %u\n"},
}


def test_template_text(judge_lines: JudgeLines, case: LineCase) -> None:
    judge_lines("template-text", case)
