"""Lint's SARIF: valid by its schema, at the file and line of the checkout, the same after a move."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from sarif import loader  # type: ignore[import-untyped]

from tests.report.samples import HOSTILE
from tuner.policy.policy import Confidence, Severity
from tuner.report.lint import LintReport
from tuner.report.lint_sarif import render_lint_sarif
from tuner.rules._check import lint_rules
from tuner.rules._finding import Finding
from tuner.rules._finding import Kind as About
from tuner.rules._lint import Suppressed
from tuner.sysctl.key import Key

SCHEMA = Path(__file__).resolve().parent / "schemas" / "sarif-2.1.0.json"
RULES = {rule.id: rule for rule in lint_rules()}
PATH = "etc/sysctl.d/90-app.conf"
QUOTED = Finding(
    rule="quoted-value",
    kind=About.HYGIENE,
    severity=Severity.ERROR,
    confidence=Confidence.PROVEN,
    message="The quotes are written to the kernel.",
    wanted="net.ipv4.tcp_sack = 1",
    path=PATH,
    line=2,
    column=21,
)
SOURCE = b'# ours\nnet.ipv4.tcp_sack = "1"\n'
REPORT = LintReport(1, (QUOTED,), (), "1.2.3", Severity.WARNING, {PATH: SOURCE})


def hostile(index: int) -> LintReport:
    word = HOSTILE[index % len(HOSTILE)]
    finding = replace(
        QUOTED, rule=word, message=word, wanted=word, key=Key(word), path=f"/{word}/../x", line=1
    )
    source = word.encode(errors="surrogatepass")
    suppressed = (Suppressed(finding, word),)
    return LintReport(1, (finding,), suppressed, "1.2.3", None, {finding.path: source})


def log(report: LintReport = REPORT, folder: str = "/work") -> Any:
    return json.loads("".join(render_lint_sarif(report, RULES, exit_code=1, folder=folder)))


def results(report: LintReport = REPORT, folder: str = "/work") -> list[Any]:
    found: list[Any] = log(report, folder)["runs"][0]["results"]
    return found


def place(result: Any) -> Any:
    return result["locations"][0]["physicalLocation"]


@pytest.mark.parametrize("report", [REPORT, replace(REPORT, findings=()), *map(hostile, range(12))])
def test_it_keeps_to_the_official_schema(report: LintReport) -> None:
    schema = json.loads(SCHEMA.read_text())
    checker = jsonschema.FormatChecker()
    jsonschema.Draft202012Validator(schema, format_checker=checker).validate(log(report))


def test_a_reader_shows_rule_severity_place_and_sentence(tmp_path: Path) -> None:
    path = tmp_path / "lint.sarif"
    path.write_text("".join(render_lint_sarif(REPORT, RULES, exit_code=1, folder="/work")))
    (record,) = loader.load_sarif_file(str(path)).get_records()
    assert (record["Severity"], record["Code"]) == ("error", "quoted-value")
    assert (record["Location"], record["Line"]) == (PATH, 2)
    assert record["Description"] == (
        "The quotes are written to the kernel. Instead: net.ipv4.tcp_sack = 1"
    )


def test_every_rule_about_files_is_described_with_its_page() -> None:
    rules = {rule["id"]: rule for rule in log()["runs"][0]["tool"]["driver"]["rules"]}
    assert set(rules) == set(RULES)
    assert rules["quoted-value"]["properties"]["problem.severity"] == "error"
    assert "## Why it is wrong" in rules["quoted-value"]["help"]["markdown"]
    (result,) = results()
    assert list(rules)[result["ruleIndex"]] == result["ruleId"]


@pytest.mark.parametrize(
    ("path", "artifact"),
    [
        (PATH, {"uri": PATH, "uriBaseId": "%SRCROOT%"}),
        (f"./a b/{PATH}", {"uri": f"a%20b/{PATH}", "uriBaseId": "%SRCROOT%"}),
        (f"/work/{PATH}", {"uri": PATH, "uriBaseId": "%SRCROOT%"}),
        ("../else/a.conf", {"uri": "file:///else/a.conf"}),
        ("/etc/sysctl.conf", {"uri": "file:///etc/sysctl.conf"}),
        ("/workshop/a.conf", {"uri": "file:///workshop/a.conf"}),
        ("100%\udcff.conf", {"uri": "100%25%FF.conf", "uriBaseId": "%SRCROOT%"}),
    ],
)
def test_a_place_is_below_the_checkout_where_it_can_be(path: str, artifact: Any) -> None:
    (result,) = results(replace(REPORT, findings=(replace(QUOTED, path=path),)))
    assert place(result)["artifactLocation"] == artifact


def test_columns_count_characters_and_the_line_is_shown() -> None:
    source = '# ours\nnet.ä€.x = "1"\r\n'.encode()
    column = source.splitlines()[1].index(b'"') + 1
    assert column == 15
    finding = replace(QUOTED, column=column)
    (result,) = results(replace(REPORT, findings=(finding,), sources={PATH: source}))
    assert place(result)["region"] == {
        "startLine": 2,
        "startColumn": 12,
        "snippet": {"text": 'net.ä€.x = "1"'},
    }
    (unknown,) = results(replace(REPORT, findings=(replace(QUOTED, line=0, column=0),)))
    assert place(unknown)["region"] == {"startLine": 1}


def test_a_fingerprint_stays_when_the_line_moves_and_is_of_one_finding() -> None:
    def marks(source: bytes, *lines: int) -> list[str]:
        findings = tuple(replace(QUOTED, line=line) for line in lines)
        report = replace(REPORT, findings=findings, sources={PATH: source})
        return [result["partialFingerprints"]["tunerLine/v1"] for result in results(report)]

    (before,) = marks(SOURCE, 2)
    assert marks(b"# more\n" + SOURCE, 3) == [before]
    assert len(set(marks(SOURCE + SOURCE, 2, 4))) == 2
    assert marks(SOURCE.replace(b"1", b"0"), 2) != [before]
    # GitHub's upload action computes its own, and warns of another one under that name.
    assert "primaryLocationLineHash" not in json.dumps(log())


def test_a_suppressed_finding_is_there_with_its_reason() -> None:
    report = replace(REPORT, findings=(), suppressed=(Suppressed(QUOTED, "ticket [1](x)"),))
    (result,) = results(report)
    assert result["suppressions"] == [{"kind": "inSource", "justification": "ticket \\[1](x)"}]
    assert "suppressions" not in results()[0]


def test_nothing_hostile_becomes_a_link_or_climbs() -> None:
    for index in range(len(HOSTILE)):
        for result in results(hostile(index)):
            text = result["message"]["text"].replace("\\[", "")
            assert "[a](" not in text
            assert "{0}" not in text.replace("{{0}}", "")
            assert ".." not in place(result)["artifactLocation"]["uri"].split("/")
