"""Grouping, folding, totals."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from tests.report.samples import render
from tuner.policy.policy import Confidence, Severity
from tuner.report._clean import clean
from tuner.report._report import Failure, HostReport, Outcome, Report, blocks, fold
from tuner.rules._finding import Finding, Kind, Skipped, Verdict


def finding(rule: str = "tw-recycle", severity: Severity = Severity.ERROR) -> Finding:
    return Finding(
        rule=rule,
        kind=Kind.MYTH,
        severity=severity,
        confidence=Confidence.PROVEN,
        message="why",
    )


def judged(name: str, *findings: Finding, skipped: tuple[Skipped, ...] = ()) -> HostReport:
    return HostReport(name, ("base",), verdict=Verdict(findings, (), skipped))


def report(*hosts: HostReport, fail_on: Severity | None = Severity.WARNING) -> Report:
    return Report(hosts, "0", "", "", fail_on)


def test_the_four_outcomes_are_apart() -> None:
    assert judged("a").outcome is Outcome.CLEAN
    assert judged("a", finding()).outcome is Outcome.FINDINGS
    assert judged("a", skipped=(Skipped("r", "files"),)).outcome is Outcome.UNJUDGED
    assert HostReport("a", failure=Failure("timed-out", "x")).outcome is Outcome.UNREACHABLE


def test_incomplete_when_a_rule_could_not_judge_a_host_with_findings() -> None:
    assert report(judged("a", finding(), skipped=(Skipped("r", "files"),))).incomplete
    assert not report(judged("a", finding())).incomplete


def test_fail_on_is_a_threshold() -> None:
    note = judged("a", finding(severity=Severity.NOTE))
    assert not report(note).failed
    assert report(note, fail_on=Severity.NOTE).failed
    assert not report(judged("b", finding()), fail_on=None).failed


def test_hosts_that_are_alike_share_a_block_and_the_worst_comes_first() -> None:
    note = finding("other", Severity.NOTE)
    found = blocks([judged("c"), judged("b1", note), judged("a", finding()), judged("b2", note)])
    assert [block.hosts for block in found] == [("a",), ("b1", "b2"), ("c",)]


def test_a_block_id_depends_on_the_result_alone() -> None:
    one = blocks([judged("x", finding())])[0].id
    two = blocks([judged("y", finding()), judged("z", finding())])[0].id
    assert one == two
    assert one != blocks([judged("x", finding("other"))])[0].id


def test_failures_that_differ_in_address_only_share_a_block() -> None:
    hosts = [
        HostReport(name, failure=Failure("connect", f"{name} (10.0.0.{n}:22) refused"))
        for n, name in enumerate(["web1", "web2"])
    ]
    assert len(blocks(hosts)) == 1
    other = HostReport("web3", failure=Failure("auth", "web3 refused the key"))
    assert len(blocks([*hosts, other])) == 2


def test_fold_makes_ansible_ranges() -> None:
    assert fold(["web01", "web02", "web03", "db"]) == ["db", "web[01:03]"]
    assert fold(["web1", "web2"]) == ["web1", "web2"]
    assert fold([f"h{n}.example.org" for n in range(8, 12)]) == ["h[8:11].example.org"]
    assert fold(["a1", "a2", "a3", "a5"]) == ["a[1:3]", "a5"]


def unfold(word: str) -> list[str]:
    match = re.fullmatch(r"(.*)\[(\d+):(\d+)\](.*)", word)
    if match is None:
        return [word]
    prefix, low, high, suffix = match.groups()
    width = len(low) if low.startswith("0") else 0
    return [f"{prefix}{n:0{width}d}{suffix}" for n in range(int(low), int(high) + 1)]


@given(st.sets(st.from_regex(r"[a-z]{0,2}[0-9]{0,3}(\.[a-z]{1,2})?", fullmatch=True), max_size=30))
def test_fold_loses_and_invents_no_host(names: set[str]) -> None:
    assert sorted(name for word in fold(sorted(names)) for name in unfold(word)) == sorted(names)


@given(st.text(max_size=300))
def test_clean_leaves_nothing_that_moves_a_cursor(text: str) -> None:
    result = clean(text)
    assert all(character.isprintable() for character in result)
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b-\u200f]", result)


def test_clean_shows_what_it_defused_and_cuts() -> None:
    assert clean("a\x1b[31mb") == r"a\x1b[31mb"
    assert clean("abc\u202edef") == r"abc\u202edef"
    assert clean("x" * 10, longest=5) == "xxxx…"


def failed(name: str, kind: str, hint: str) -> HostReport:
    return HostReport(name, failure=Failure(kind, f"{name}: trouble", hint))


def test_every_host_with_a_host_key_of_its_own_gets_its_own_command() -> None:
    hosts = [
        failed("web1", "host-key", "then: ssh-keyscan web1 >> known_hosts"),
        failed("web2", "host-key", "then: ssh-keyscan web2 >> known_hosts"),
        failed("web3", "host-key", "no file records host keys"),
        failed("web4", "host-key", "no file records host keys"),
    ]
    found = blocks(hosts)
    assert sorted(block.hosts for block in found) == [("web1",), ("web2",), ("web3", "web4")]
    assert len({block.id for block in found}) == 3
    for form in ("text", "markdown", "html"):
        told = render(form, report(*hosts)).replace("\\_", "_").replace("\\-", "-")
        for host in ("web1", "web2"):
            assert f"ssh-keyscan {host} " in told, form


def test_hints_that_differ_by_the_host_s_name_are_told_once_and_name_nobody() -> None:
    winrm = "leave it out: --limit 'all:!{}'"
    hosts = [failed(name, "connect", winrm.format(name)) for name in ("a", "b")]
    (block,) = blocks(hosts)
    assert block.hosts == ("a", "b")
    assert block.like.failure == Failure("connect", "a: trouble", winrm.format("HOST"))
    other = failed("c", "connect", "try again")
    assert [it.hosts for it in blocks([*hosts, other])] == [("a", "b"), ("c",)]
    (alone,) = blocks(hosts[:1])
    assert alone.like.failure == hosts[0].failure
    assert alone.id == block.id
