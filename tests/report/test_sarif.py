"""SARIF: valid by its schema, read by a real reader, one result a cause."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin

import jsonschema
import pytest
from sarif import loader  # type: ignore[import-untyped]

from bench.fleet import fleet
from tests.report.samples import empty_report, hostile_report, render
from tests.report.test_forms import RECYCLE, REPORT
from tuner.cli.exits import Exit
from tuner.compare.baseline import Use
from tuner.report._report import HostReport, Report
from tuner.report.sarif import MOST_HOSTS
from tuner.rules._check import registry
from tuner.rules._finding import Verdict
from tuner.sysctl.value import Value

SCHEMAS = Path(__file__).resolve().parent / "schemas"


def log(report: Report = REPORT, code: Exit = Exit.FINDINGS) -> Any:
    return json.loads(render("sarif", report, code))


def run(report: Report = REPORT, code: Exit = Exit.FINDINGS) -> Any:
    (only,) = log(report, code)["runs"]
    return only


@pytest.mark.parametrize("report", [REPORT, hostile_report(), empty_report(), fleet(40)])
def test_it_keeps_to_the_official_schema(report: Report) -> None:
    schema = json.loads((SCHEMAS / "sarif-2.1.0.json").read_text())
    checker = jsonschema.FormatChecker()
    jsonschema.Draft202012Validator(schema, format_checker=checker).validate(log(report))


def test_a_reader_shows_rule_severity_place_and_sentence(tmp_path: Path) -> None:
    path = tmp_path / "report.sarif"
    path.write_text(render("sarif", REPORT))
    read = loader.load_sarif_file(str(path))
    counts = {
        severity: read.get_report().get_issue_count_for_severity(severity)
        for severity in ("error", "warning", "note")
    }
    assert counts == {"error": 1, "warning": 2, "note": 1}
    (record,) = [row for row in read.get_records() if row["Severity"] == "error"]
    assert record["Tool"] == "tuner"
    assert record["Code"] == "tw-recycle"
    assert record["Location"].endswith("etc/sysctl.d/99-old.conf")
    assert record["Line"] == 3
    assert "drops SYNs of clients behind one address" in record["Description"]
    assert "web1, web2 (2 hosts)" in record["Description"]


def test_a_place_is_the_path_on_the_host_and_the_host_is_a_logical_location() -> None:
    result = next(one for one in run()["results"] if one["ruleId"] == "tw-recycle")
    (location,) = result["locations"]
    artifact = location["physicalLocation"]["artifactLocation"]
    base = run()["originalUriBaseIds"][artifact["uriBaseId"]]["uri"]
    assert urljoin(base, artifact["uri"]) == "file:///etc/sysctl.d/99-old.conf"
    assert location["physicalLocation"]["region"] == {"startLine": 3}
    assert [host["name"] for host in location["logicalLocations"]] == ["web1", "web2"]
    assert result["occurrenceCount"] == 2


def test_a_finding_without_a_file_is_at_the_setting_itself() -> None:
    live_only = replace(RECYCLE, path="", line=0, next_boot=None)
    nowhere = replace(live_only, key=None, live=None)
    hosts = (
        HostReport("a", ("base",), verdict=Verdict((live_only,))),
        HostReport("b", ("base",), verdict=Verdict((nowhere,))),
    )
    places = [
        one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for one in run(replace(REPORT, hosts=hosts))["results"]
    ]
    assert sorted(places) == ["proc/net", "proc/sys/net/ipv4/tcp_tw_recycle"]


def test_no_path_climbs_out_of_the_hosts_root() -> None:
    for result in run(hostile_report())["results"]:
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        resolved = urljoin("file:///", uri)
        assert resolved.startswith("file:///etc/sysctl.d/")
        assert unquote(resolved).startswith("file:///etc/sysctl.d/")
        assert "?" not in uri
        assert "#" not in uri


def test_every_rule_is_described_with_its_page() -> None:
    described = {rule["id"]: rule for rule in run()["tool"]["driver"]["rules"]}
    assert set(described) >= set(registry())
    rule = described["tw-recycle"]
    assert rule["defaultConfiguration"] == {"level": "error"}
    assert rule["properties"]["precision"] == "very-high"
    assert rule["properties"]["kind"] == "hazard"
    assert all(len(tag) <= 20 for tag in rule["properties"]["tags"])
    assert "## Why it is wrong" in rule["help"]["markdown"]
    assert rule["fullDescription"]["text"].startswith("With it the kernel remembers")
    for one in described.values():
        assert one["help"]["text"]
        assert one["shortDescription"]["text"].endswith(".")


def test_a_result_names_its_rule_by_id_and_by_index() -> None:
    rules = run()["tool"]["driver"]["rules"]
    for result in run()["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]


def test_waived_findings_are_suppressed_with_their_reason() -> None:
    (result,) = [one for one in run()["results"] if "suppressions" in one]
    assert result["suppressions"] == [
        {
            "kind": "external",
            "status": "accepted",
            "justification": "agreed (netops, until 2030-01-01)",
        }
    ]


def test_what_could_not_be_seen_is_a_notification() -> None:
    (invocation,) = run(code=Exit.INCOMPLETE)["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["exitCode"] == 3
    notes = {note["descriptor"]["id"]: note for note in invocation["toolExecutionNotifications"]}
    assert notes["unreachable"]["level"] == "error"
    assert "connect: refused" in notes["unreachable"]["message"]["text"]
    assert notes["unreachable"]["locations"][0]["logicalLocations"][0]["name"] == "gone"
    assert notes["unjudged"]["associatedRule"] == {"id": "a"}
    (interrupted,) = run(replace(REPORT, hosts=(), interrupted=True))["invocations"]
    assert interrupted["toolExecutionNotifications"][0]["descriptor"]["id"] == "interrupted"
    assert run(code=Exit.FINDINGS)["invocations"][0]["executionSuccessful"] is True


def test_thousands_of_hosts_with_the_same_finding_are_one_result() -> None:
    report = fleet(5000)
    results = run(report)["results"]
    assert len(results) == len(report.causes) < 20
    largest = max(results, key=lambda one: int(one["occurrenceCount"]))
    assert largest["occurrenceCount"] > 1000
    assert len(largest["locations"][0]["logicalLocations"]) == MOST_HOSTS
    assert len(render("sarif", report)) < 1_000_000
    unlike = fleet(2000, alike=False)
    assert len(unlike.blocks) > 500
    assert len(run(unlike)["results"]) == len(results)


def test_fingerprints_outlive_lines_numbers_hosts_and_order() -> None:
    before = {one["partialFingerprints"]["tunerCause/v1"] for one in run()["results"]}
    assert len(before) == len(run()["results"])
    boot = RECYCLE.next_boot
    assert boot is not None
    moved = replace(
        RECYCLE, line=9, live=Value(("2",)), next_boot=replace(boot, line=9), message="Other words."
    )
    hosts = (HostReport("other", ("base",), verdict=Verdict((moved,))),)
    (result,) = run(replace(REPORT, hosts=hosts))["results"]
    assert result["partialFingerprints"]["tunerCause/v1"] in before
    turned = {
        one["partialFingerprints"]["tunerCause/v1"]
        for one in run(replace(REPORT, hosts=REPORT.hosts[::-1]))["results"]
    }
    assert turned == before
    other = replace(RECYCLE, path="/etc/sysctl.d/10-other.conf")
    hosts = (HostReport("other", ("base",), verdict=Verdict((other,))),)
    (result,) = run(replace(REPORT, hosts=hosts))["results"]
    assert result["partialFingerprints"]["tunerCause/v1"] not in before


def test_what_a_finding_sums_up_is_related_to_it() -> None:
    for result in run(hostile_report())["results"]:
        (related,) = result["relatedLocations"]
        assert related["physicalLocation"]["region"] == {"startLine": 3}
        assert "net.part." in related["message"]["text"]


def test_a_baseline_makes_results_new_or_unchanged() -> None:
    assert all("baselineState" not in result for result in run()["results"])
    hosts = (
        HostReport("a", ("base",), verdict=Verdict((RECYCLE,))),
        HostReport("b", ("base",), verdict=Verdict(known=(RECYCLE,))),
    )
    results = run(replace(REPORT, hosts=hosts, baseline=Use("known.yml", 1)))["results"]
    assert [one["baselineState"] for one in results] == ["new", "unchanged"]
    assert len({one["partialFingerprints"]["tunerCause/v1"] for one in results}) == 2


def test_no_sentence_of_a_host_becomes_a_link_or_a_placeholder() -> None:
    for result in run(hostile_report())["results"]:
        text = result["message"]["text"].replace("\\[", "")
        assert "[a](" not in text
        assert "{0}" not in text.replace("{{0}}", "")
