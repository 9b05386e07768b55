"""What moved, in text, Markdown and JSON: golden files, silence, and hostile names."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from markdown_it import MarkdownIt
from rich.console import Console

from tests.compare.test_difference import document, down, finding, host, waived
from tuner.compare.difference import Difference, compare
from tuner.compare.past import read_report
from tuner.report.difference_json import render_difference_json
from tuner.report.difference_markdown import render_difference_markdown
from tuner.report.difference_text import print_difference

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "difference"
HOSTILE = "\x1b[31mx\u202e\x07 <script>a</script> `|*_@all\n# no"


def differ(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> Difference:
    sides = [
        read_report(io.StringIO(json.dumps(document(*hosts, started=f"2030-01-0{day}"))), file=name)
        for day, (name, hosts) in enumerate((("old.json", old), ("new.json", new)), start=1)
    ]
    return compare(*sides)


SAME = differ([host("a", finding())], [host("a", finding())])
MIXED = differ(
    [
        *(host(f"web{n}") for n in range(1, 10)),
        host("db1", finding(severity="error", key="net.x", live=None, live_state="absent")),
        host("db2", finding()),
        host("db3", waived=[waived()]),
        host("old"),
        host("lost"),
        down("back"),
        host("blind", finding()),
    ],
    [
        *(host(f"web{n}", finding()) for n in range(1, 10)),
        host("db1"),
        host("db2", finding(live="256", severity="error")),
        host("db3", finding()),
        down("lost", "lost refused"),
        host("back"),
        host("blind", unjudged=[{"rule": "drift", "reason": "files"}]),
        host("comes", known=[finding()]),
    ],
)
EVIL = differ(
    [host(HOSTILE), host(f"lost{HOSTILE}")],
    [
        host(HOSTILE, finding(key=HOSTILE, file=HOSTILE, message=HOSTILE, live=HOSTILE)),
        down(f"lost{HOSTILE}", HOSTILE),
    ],
)
DIFFERENCES = {"same": SAME, "mixed": MIXED, "hostile": EVIL}


def text(given: Difference, width: int = 100, *, by_host: bool = False) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    print_difference(given, console, by_host=by_host)
    output = console.file.getvalue()  # type: ignore[attr-defined]
    assert isinstance(output, str)
    return output


def by_host(given: Difference) -> str:
    return text(given, by_host=True)


def as_json(given: Difference) -> str:
    return render_difference_json(given, version="0.1.0", exit_code=1)


FORMS: dict[str, Callable[[Difference], str]] = {
    "txt": text,
    "hosts.txt": by_host,
    "md": render_difference_markdown,
    "json": as_json,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", DIFFERENCES)
def test_golden(name: str, form: str) -> None:
    made = FORMS[form](DIFFERENCES[name])
    path = GOLDEN / f"{name}.{form}"
    if os.environ.get("TUNER_REFRESH"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made, encoding="utf-8")
    assert made == path.read_text(encoding="utf-8")


def test_nothing_is_said_where_nothing_moved() -> None:
    assert text(SAME) == ""
    assert by_host(SAME) == ""
    assert render_difference_markdown(SAME) == ""
    assert json.loads(as_json(SAME))["causes"] == []


def test_the_text_says_what_who_and_why() -> None:
    output = text(MIXED)
    for part in (
        "old.json (2030-01-01) → new.json (2030-01-02)",
        "+ warning net.core.somaxconn drift in /etc/a.conf",
        "web[1:9] (9 hosts)",
        "- error net.x drift in /etc/a.conf",
        "severity warning → error · live 128 → 256",
        "was waived",
        "(known)",
        "came: comes",
        "went: old",
        "judged again: back",
        "could no longer be judged: lost: connect: lost refused",
        "no longer judged by drift: blind",
    ):
        assert part in output, part


@pytest.mark.parametrize("width", [20, 100])
def test_no_host_reaches_the_terminal(width: int) -> None:
    for output in (text(EVIL, width), text(EVIL, width, by_host=True)):
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", output)


def test_no_host_opens_anything_in_markdown() -> None:
    tokens = (
        MarkdownIt("commonmark", {"html": True})
        .enable("table")
        .parse(render_difference_markdown(EVIL))
    )
    kinds = [token.type for block in tokens for token in (block, *(block.children or []))]
    assert "html_inline" not in kinds
    assert "html_block" not in kinds
    assert kinds.count("heading_open") == 2
    cells = kinds.count("td_open")
    assert cells == 6 * (kinds.count("tr_open") - kinds.count("thead_open"))


@pytest.mark.parametrize("name", DIFFERENCES)
def test_the_json_keeps_to_its_schema(name: str) -> None:
    source = resources.files("tuner.report") / "schema" / "difference-1.json"
    validator = jsonschema.Draft202012Validator(json.loads(source.read_text()))
    made = as_json(DIFFERENCES[name])
    validator.validate(json.loads(made))
    assert made.isascii()
