"""JUnit XML: valid, read by a real parser, errors apart from failures."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import xmlschema
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase

from bench.fleet import fleet
from tests.report.samples import HOSTILE, empty_report, hostile_report, render
from tests.report.test_forms import RECYCLE, REPORT
from tuner.policy.policy import Severity
from tuner.report._report import Report
from tuner.rules._check import registry
from tuner.rules._finding import Verdict

SCHEMA = Path(__file__).resolve().parent / "schemas" / "junit-10.xsd"


@cache
def schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(SCHEMA)


def cases(report: Report = REPORT) -> dict[tuple[str, str], TestCase]:
    read = JUnitXml.fromstring(render("junit", report).encode())
    return {(suite.name, case.name): case for suite in read for case in suite}


@pytest.mark.parametrize("report", [REPORT, hostile_report(), empty_report(), fleet(40)])
def test_it_keeps_to_the_common_schema(report: Report) -> None:
    schema().validate(render("junit", report))


def test_a_host_is_a_suite_and_a_rule_a_case() -> None:
    read = JUnitXml.fromstring(render("junit", REPORT).encode())
    suites = {suite.name: suite for suite in read}
    assert len(suites) == len(REPORT.hosts)
    assert {case.name for case in suites["ok"]} == set(registry())
    assert suites["ok"].tests == len(registry())
    assert (suites["ok"].failures, suites["ok"].errors, suites["ok"].skipped) == (0, 0, 0)
    assert {one.name: one.value for one in suites["web1"].properties()} == {  # type: ignore[no-untyped-call]
        "roles": "public-server",
        "groups": "web",
        "kernel": "6.1.0",
        "os": "Debian",
        "outcome": "findings",
        "group": next(block.id for block in REPORT.blocks if "web1" in block.hosts),
        "command": "tuner plan --limit web",
    }


def test_what_a_suite_counts_is_what_it_holds() -> None:
    for report in (REPORT, hostile_report(), fleet(60)):
        for suite in JUnitXml.fromstring(render("junit", report).encode()):
            held = [one for case in suite for one in case.result]
            assert suite.tests == len(list(suite))
            assert suite.failures == sum(isinstance(one, Failure) for one in held)
            assert suite.errors == sum(isinstance(one, Error) for one in held)
            assert suite.skipped == sum(isinstance(one, Skipped) for one in held)
            assert all(len(case.result) <= 1 for case in suite)


def test_a_finding_fails_its_case_with_all_that_a_person_needs() -> None:
    (result,) = cases()[("web1", "tw-recycle")].result
    assert isinstance(result, Failure)
    assert result.type == "error"
    assert result.message == (
        "net.ipv4.tcp_tw_recycle: It drops SYNs of clients behind one address."
    )
    for part in ("live 1", "wanted 0", "next boot 1", "/etc/sysctl.d/99-old.conf:3"):
        assert part in (result.text or "")
    assert not cases()[("web1", "drift")].result


def test_unreachable_and_unjudged_are_errors_not_failures() -> None:
    (result,) = cases()[("gone", "answers")].result
    assert isinstance(result, Error)
    assert result.type == "connect"
    assert "is sshd running?" in (result.text or "")
    (unjudged,) = cases()[("w", "a")].result
    assert isinstance(unjudged, Error)
    assert (unjudged.type, unjudged.message) == ("unjudged", "could not see files")
    assert unjudged.text == "ask as root"


def test_waived_is_skipped() -> None:
    (result,) = cases()[("w", "drift")].result
    assert isinstance(result, Skipped)
    assert "agreed (netops, until 2030-01-01)" in (result.message or "")


def test_known_is_skipped() -> None:
    host = REPORT.hosts[0]
    known = replace(host, verdict=Verdict(known=(RECYCLE,)))
    (result,) = cases(replace(REPORT, hosts=(known,)))[("web1", "tw-recycle")].result
    assert isinstance(result, Skipped)
    assert (result.message or "").startswith("known: error · tw-recycle")


def test_what_is_below_the_threshold_is_told_and_does_not_fail() -> None:
    assert not cases()[("w", "removed-key")].result
    assert "removed-key" in render("junit", REPORT)
    strict = replace(REPORT, fail_on=Severity.NOTE)
    (result,) = cases(strict)[("w", "removed-key")].result
    assert isinstance(result, Failure)
    never = cases(replace(REPORT, fail_on=None))
    assert not any(isinstance(one, Failure) for case in never.values() for one in case.result)


def test_a_rule_that_found_something_and_saw_not_all_is_both() -> None:
    host = REPORT.hosts[0]
    assert host.verdict is not None
    verdict = replace(host.verdict, skipped=(replace(SKIPPED, rule=RECYCLE.rule),))
    found = cases(replace(REPORT, hosts=(replace(host, verdict=verdict),)))
    assert isinstance(found[("web1", "tw-recycle")].result[0], Failure)
    assert isinstance(found[("web1", "tw-recycle (the rest)")].result[0], Error)


def test_hostile_words_come_back_as_they_were_cleaned() -> None:
    read = JUnitXml.fromstring(render("junit", hostile_report()).encode())
    names = [suite.name for suite in read]
    assert f"{HOSTILE[1]}1" in names
    assert f"{HOSTILE[3]}3" in names
    assert len(names) == 2 * len(HOSTILE)


(SKIPPED,) = (skipped for host in REPORT.hosts if host.verdict for skipped in host.verdict.skipped)
