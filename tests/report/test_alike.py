"""When hosts and findings count as the same, and the ids that say so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.fleet import fleet
from tests.report.test_forms import RECYCLE, REPORT
from tuner.policy.policy import Severity
from tuner.report._alike import digest, identify, identify_cause, merge
from tuner.report._report import HostReport, Report, blocks
from tuner.report._words import cause_facts
from tuner.rules._finding import Finding, Origin, Verdict
from tuner.snapshot.snapshot import Missing
from tuner.sysctl.value import Value

SAID = replace(RECYCLE, message="1,200 of 28,232 ports to 10.0.0.5:443 are in use for 60 s.")


def host(name: str, *findings: Finding) -> HostReport:
    return HostReport(name, ("base",), verdict=Verdict(findings))


def at_line(number: int, finding: Finding = RECYCLE) -> Finding:
    boot = finding.next_boot
    assert boot is not None
    return replace(finding, line=number, next_boot=replace(boot, line=number))


def test_the_line_and_numbers_in_the_sentence_may_differ() -> None:
    other = replace(SAID, message="90 of 9,000 ports to 10.0.0.77:443 are in use for 60 s.")
    found = blocks([host("a", at_line(3, SAID)), host("b", at_line(7, other))])
    assert [block.hosts for block in found] == [("a", "b")]
    (finding,) = (found[0].like.verdict or Verdict()).findings
    assert finding.message == (
        "90 to 1,200 of 9,000 to 28,232 ports to several addresses:443 are in use for 60 s."
    )
    assert finding.line == 0
    assert finding.next_boot is not None
    assert (finding.next_boot.path, finding.next_boot.line) == ("/etc/sysctl.d/99-old.conf", 0)


def test_the_value_the_wish_and_the_file_may_not() -> None:
    changes = (
        {"rule": "other"},
        {"severity": Severity.NOTE},
        {"live": Value(("2",))},
        {"wanted": "2"},
        {"path": "/etc/sysctl.d/10-x.conf"},
        {"message": "It does something else."},
        {"fix": None},
    )
    kinds = [RECYCLE, *(replace(RECYCLE, **change) for change in changes)]
    assert len({identify(kind) for kind in kinds}) == len(kinds)
    assert len(blocks([host(f"h{n}", kind) for n, kind in enumerate(kinds)])) == len(kinds)


def test_what_a_finding_sums_up_belongs_to_it() -> None:
    one = replace(SAID, parts=(at_line(1), replace(RECYCLE, rule="other")))
    same = replace(SAID, parts=(at_line(9), replace(RECYCLE, rule="other")))
    less = replace(SAID, parts=(at_line(1),))
    assert identify(one) == identify(same) != identify(less)
    assert [part.line for part in merge([one, same]).parts] == [0, 3]


def test_addresses_of_either_kind_may_differ() -> None:
    said = "1 of 9 ports from {} to 2001:db8::{} port 5432 are in use."
    one = replace(SAID, message=said.format("fe80::1:a", "5"))
    two = replace(SAID, message=said.format("10.0.0.4", "ff:9"))
    assert identify(one) == identify(two)
    assert merge([one, two]).message == (
        "1 of 9 ports from several addresses to several addresses port 5432 are in use."
    )


def test_one_finding_merges_to_itself() -> None:
    assert merge([RECYCLE, RECYCLE]) is RECYCLE
    assert merge([RECYCLE, replace(RECYCLE)]) == RECYCLE


@given(st.permutations(range(6)))
def test_ids_do_not_depend_on_the_order_of_the_hosts(order: list[int]) -> None:
    hosts = [REPORT.hosts[number] for number in order]
    report = replace(REPORT, hosts=tuple(hosts))
    assert [block.id for block in report.blocks] == [block.id for block in REPORT.blocks]
    assert [cause.id for cause in report.causes] == [cause.id for cause in REPORT.causes]
    assert [set(block.hosts) for block in report.blocks] == [
        set(block.hosts) for block in REPORT.blocks
    ]


def test_ids_are_the_same_for_fleets_of_any_size() -> None:
    small, large = fleet(200), fleet(2000)
    assert {block.id for block in small.blocks} == {block.id for block in large.blocks}
    assert {cause.id for cause in small.causes} == {cause.id for cause in large.causes}


def test_ids_are_the_same_in_every_version() -> None:
    """Scripts keep them: a change of this test is a change of every id that was written down."""
    assert digest(identify_cause(RECYCLE)) == "1e0371997284"
    assert digest(identify(RECYCLE)) == "abdd468a84a1"
    assert REPORT.blocks[1].id == "8382a472f33d"


def test_a_cause_is_told_once_with_all_its_hosts() -> None:
    other = replace(RECYCLE, rule="other", key=None)
    report = Report(
        (host("a", RECYCLE), host("b", at_line(9), other), host("c"), host("d", other)),
        *("0", "2030-01-01T00:00:00Z", "2030-01-01T00:00:00Z"),
    )
    told = {cause.finding.rule: cause for cause in report.causes}
    assert len(report.causes) == 2
    assert set(told["tw-recycle"].hosts) == {"a", "b"}
    assert told["tw-recycle"].finding.line == 0
    assert set(told["other"].hosts) == {"b", "d"}
    assert len(told["other"].blocks) == 2


def test_a_cause_is_wider_than_the_values() -> None:
    boot = RECYCLE.next_boot
    assert boot is not None
    kinds = [
        *[replace(RECYCLE, live=Value((live,))) for live in ("1", "1", "2", "3", "4")],
        replace(RECYCLE, live=Missing.ABSENT, next_boot=replace(boot, origin=Origin.UNKNOWN)),
        replace(RECYCLE, message="Something else."),
    ]
    hosts = [host(f"h{number}", kind) for number, kind in enumerate(kinds)]
    report = replace(REPORT, hosts=tuple(hosts))
    assert len(report.blocks) == 6
    (cause,) = report.causes
    assert cause.id == digest(identify_cause(RECYCLE))
    assert cause.finding.live is None
    assert cause.finding.message == RECYCLE.message
    assert cause_facts(cause) == {
        "live": "1 on 3 hosts, 2 on 1 host, 3 on 1 host, and 2 more",
        "wanted": "0",
        "next boot": "1 on 6 hosts, unknown on 1 host",
        "decided by": "/etc/sysctl.d/99-old.conf:3",
    }


@pytest.mark.parametrize(
    "change",
    [
        {"rule": "other"},
        {"severity": Severity.NOTE},
        {"key": None},
        {"wanted": "no such line"},
        {"path": "/etc/sysctl.d/10-x.conf"},
    ],
)
def test_a_cause_is_one_rule_one_setting_one_wish_one_file(change: dict[str, Any]) -> None:
    report = replace(REPORT, hosts=(host("a", RECYCLE), host("b", replace(RECYCLE, **change))))
    assert len(report.causes) == 2


def test_ten_thousand_values_are_one_cause() -> None:
    same, different = fleet(400), fleet(400, alike=False)
    assert len(different.blocks) > 100
    assert {cause.id for cause in different.causes} == {cause.id for cause in same.causes}


def test_waived_causes_come_last_and_apart() -> None:
    waived = [cause.waiver is not None for cause in REPORT.causes]
    assert waived == sorted(waived)
    assert any(waived)
