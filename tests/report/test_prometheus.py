"""Metrics: clean by promtool, read by a real parser, bounded."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bench.fleet import fleet
from tests.report.samples import HOSTILE, empty_report, hostile_report, render
from tests.report.test_forms import REPORT
from tuner.cli.exits import Exit
from tuner.report._clean import clean
from tuner.report._report import HostReport, Report
from tuner.rules._check import registry
from tuner.rules._finding import Verdict


def samples(report: Report = REPORT, code: Exit = Exit.FINDINGS) -> dict[tuple[str, ...], float]:
    text = render("prometheus", report, code)
    return {
        (one.name, *sorted(one.labels.values())): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


@pytest.mark.parametrize("report", [REPORT, hostile_report(), empty_report(), fleet(40)])
def test_promtool_has_nothing_to_say(report: Report) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        if os.environ.get("CI"):
            pytest.fail("no promtool")
        pytest.skip("no promtool: apt-get install prometheus")
    run = subprocess.run(
        [promtool, "check", "metrics"],
        input=render("prometheus", report),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def test_a_host_is_told_by_outcome_findings_and_states() -> None:
    found = samples()
    assert found[("tuner_host_outcome", "findings", "web1")] == 1
    assert found[("tuner_host_outcome", "clean", "web1")] == 0
    assert found[("tuner_host_outcome", "gone", "unreachable")] == 1
    assert found[("tuner_host_findings", "error", "web1")] == 1
    assert found[("tuner_host_findings", "gone", "warning")] == 0
    assert found[("tuner_host_waived_findings", "w")] == 1
    assert found[("tuner_host_unjudged_rules", "w")] == 1
    web = next(block for block in REPORT.blocks if "web1" in block.hosts)
    assert all(found[("tuner_host_group", *sorted((web.id, host)))] == 1 for host in web.hosts)
    assert found[("tuner_host_keys", "web1", "wrong")] == 0
    key = ("tuner_host_keys", clean(f"{HOSTILE[5]}5"), "wrong")
    assert samples(hostile_report())[key] == 1


def test_the_run_is_told_too() -> None:
    found = samples(code=Exit.INCOMPLETE)
    assert found[("tuner_build_info", "0.1.0")] == 1
    assert found[("tuner_audit_timestamp_seconds",)] == 1893456001
    assert found[("tuner_audit_duration_seconds",)] == 1
    assert found[("tuner_audit_exit_code",)] == 3
    assert found[("tuner_hosts", "unreachable")] == 1
    assert found[("tuner_rule_hosts", "tw-recycle")] == 2
    assert found[("tuner_rule_hosts", "timestamps-off")] == 0
    assert found[("tuner_rule_unjudged_hosts", "a")] == 1


def test_the_number_of_series_is_hosts_and_rules_and_nothing_else() -> None:
    rules = len(registry())
    for report in (fleet(10), fleet(200)):
        unknown = {
            finding.rule
            for host in report.hosts
            for finding in (host.verdict or Verdict()).findings
        } - set(registry())
        assert not unknown
        assert len(samples(report)) == 8 + 2 * rules + 19 * len(report.hosts)


def test_two_hosts_that_look_the_same_are_two_series() -> None:
    hosts = (HostReport("a\x1b"), HostReport("a\\x1b"), HostReport("a\x1b"))
    found = samples(replace(REPORT, hosts=hosts))
    labels = [key for key in found if key[0] == "tuner_host_waived_findings"]
    assert sorted(label[1] for label in labels) == ["a\\x1b", "a\\x1b~2", "a\\x1b~3"]
