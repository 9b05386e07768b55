"""Every format of one fleet, as files: a change that people would see is a change of these.

``TUNER_REFRESH=1 pytest tests/golden`` writes them anew. Times, versions, and what has tests of its
own (style, scripts, the pages of rules) are left out.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.golden.make import hostile
from tuner.cli.exits import Exit
from tuner.cli.outputs import FORMS

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parent.parent
SUFFIXES = {
    "text": "txt",
    "json": "json",
    "jsonl": "jsonl",
    "markdown": "md",
    "html": "html",
    "sarif": "sarif",
    "junit": "xml",
    "prometheus": "prom",
}
_SCRUBS = (
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ?", "TIME"),
    (r"\d{1,2} [A-Z][a-z]+ \d{4}, \d\d:\d\d UTC", "TIME"),
    (r"(?<=tuner_audit_timestamp_seconds )\d+", "0"),
    (r"(?<=tuner_audit_duration_seconds )\d+", "0"),
    (r'(?<=build_info\{version=")[^"]+', "VERSION"),
    (r'(?<="version": ")\d+\.\d+\.\d+(?=")', "VERSION"),
    (r'(?<="semanticVersion": ")[^"]+', "VERSION"),
    (r"(?<=· tuner )\d+\.\d+\.\d+", "VERSION"),
    (r"(?<=<style>).*?(?=</style>)", "STYLE"),
    (r"(?<=<script>).*?(?=</script>)", "SCRIPT"),
    (r"sha256-[A-Za-z0-9+/=]+", "HASH"),
)


def scrubbed(form: str, text: str) -> str:
    if form == "sarif":
        text = json.dumps(_without_pages(json.loads(text)), indent=1, ensure_ascii=False) + "\n"
    if form == "html":
        text = re.sub(r'(?<="rules":)\{.*?\}(?=,"text":)', "RULES", text)
    for pattern, word in _SCRUBS:
        text = re.sub(pattern, word, text, flags=re.DOTALL)
    return text


def _without_pages(log: Any) -> Any:
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    driver["rules"] = [rule["id"] for rule in driver["rules"]]
    return log


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reports")
    outputs = [word for form in FORMS for word in ("--output", f"{form}:{folder / SUFFIXES[form]}")]
    run = subprocess.run(
        [sys.executable, "-m", "tuner", "audit", "inventory.yml", *outputs, "--forks", "1"],
        cwd=HERE,
        env={"PYTHONPATH": str(CHECKOUT), "PATH": os.environ["PATH"], "COLUMNS": "96"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == Exit.INCOMPLETE, run.stderr
    return folder


def test_every_format_has_a_golden_file() -> None:
    assert set(SUFFIXES) == set(FORMS)


@pytest.mark.parametrize("form", FORMS)
def test_the_report_is_what_it_was(form: str, reports: Path) -> None:
    golden = HERE / f"report.{SUFFIXES[form]}"
    made = scrubbed(form, (reports / SUFFIXES[form]).read_text(encoding="utf-8"))
    if os.environ.get("TUNER_REFRESH"):
        golden.write_text(made, encoding="utf-8")
    assert golden.read_text(encoding="utf-8") == made


def test_the_hostile_dump_is_made_by_its_script() -> None:
    dump = (HERE.parent / "readme" / "db1.dump").read_text()
    assert (HERE / "hostile.dump").read_text() == hostile(dump)


def test_the_hostile_host_is_in_every_report(reports: Path) -> None:
    for form, suffix in SUFFIXES.items():
        text = (reports / suffix).read_text(encoding="utf-8")
        assert "hostile" in text, form
        assert "\x1b" not in text, form
        assert "\u202e" not in text, form
