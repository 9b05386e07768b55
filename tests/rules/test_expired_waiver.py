from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from tuner.policy.policy import Severity
from tuner.policy.waiver import Waiver
from tuner.rules._check import check, registry
from tuner.rules._finding import Skipped, Verdict
from tuner.rules._waivers import Unused, unused_waivers
from tuner.sysctl.key import Key

TODAY = date(2030, 6, 1)
SACK = Key("net.ipv4.tcp_sack")
CASES = {"the rule alone sees no waiver": {"live": {"tcp_sack": "0"}}}


def waiver(until: date, **names: str) -> Waiver:
    given = names or {"key": SACK}
    return Waiver(reason="agreed", owner="netops", until=until, **given)


def test_case(judge: Callable[..., Verdict], case: Any) -> None:
    judge("expired-waiver", case)


@pytest.fixture
def verdict(snapshot: Callable[..., Any], policy: Callable[..., Any]) -> Callable[..., Verdict]:
    case = {"live": {"tcp_sack": "0"}, "files": {"/etc/sysctl.d/1.conf": "net.ipv4.tcp_sack=0"}}

    def run(*waivers: Waiver, today: date | None = TODAY) -> Verdict:
        rules = registry().values()
        return check(snapshot(case), policy(case), rules, waivers=waivers, today=today)

    return run


def rules(verdict: Verdict) -> list[str]:
    return [finding.rule for finding in verdict.findings]


def test_on_its_last_day_a_waiver_covers_which_a_naive_auditor_would_deny(
    verdict: Callable[..., Verdict],
) -> None:
    found = verdict(waiver(TODAY))
    assert rules(found) == []
    assert [it.finding.rule for it in found.waived] == ["sack-off"]


def test_the_day_after_both_the_finding_and_the_waiver_are_findings(
    verdict: Callable[..., Verdict],
) -> None:
    found = verdict(waiver(date(2030, 5, 31)))
    assert rules(found) == ["expired-waiver", "sack-off"]
    assert found.waived == ()
    ended = found.findings[0]
    assert ended.severity is Severity.WARNING
    assert ended.message == (
        "The waiver of net.ipv4.tcp_sack by netops ended on 2030-05-31. It said: agreed"
    )
    assert (ended.key, str(ended.live)) == (SACK, "0")


def test_a_second_waiver_that_counts_covers_the_finding_and_silences_the_first(
    verdict: Callable[..., Verdict],
) -> None:
    found = verdict(waiver(date(2030, 5, 31)), waiver(TODAY))
    assert rules(found) == []
    assert len(found.waived) == 1


def test_an_expired_waiver_that_covers_nothing_is_no_finding(
    verdict: Callable[..., Verdict],
) -> None:
    assert rules(verdict(waiver(date(2030, 5, 31), key="net.ipv4.tcp_ecn"))) == ["sack-off"]
    assert rules(verdict(waiver(date(2030, 5, 31)), today=None)) == []


def test_an_unused_waiver_is_told_once_for_all_its_hosts(verdict: Callable[..., Verdict]) -> None:
    idle = waiver(TODAY, rule="tw-recycle")
    used = waiver(TODAY)
    judged = verdict(idle, used)
    hosts = [(name, (idle, used), judged) for name in ("a", "b")]
    assert unused_waivers(hosts) == (Unused(idle, ("a", "b")),)


def test_one_host_with_the_finding_is_use_enough(verdict: Callable[..., Verdict]) -> None:
    group = waiver(TODAY)
    hosts = [
        ("a", (group,), Verdict()),
        ("b", (group,), verdict(group)),
        ("c", (group,), Verdict()),
    ]
    assert unused_waivers(hosts) == ()
    assert unused_waivers(hosts[:1]) == (Unused(group, ("a",)),)
    expired = waiver(date(2030, 5, 31))
    assert unused_waivers([("b", (expired,), verdict(expired))]) == ()


@pytest.mark.parametrize(
    ("names", "skipped", "known"),
    [
        ({"rule": "sack-off"}, "sack-off", False),
        ({"rule": "sack-off"}, "tw-recycle", True),
        ({"key": SACK}, "tw-recycle", False),
    ],
)
def test_what_could_not_be_judged_might_use_it(
    names: dict[str, str], skipped: str, *, known: bool
) -> None:
    given = waiver(TODAY, **names)
    judged = Verdict(skipped=(Skipped(skipped, "files"),))
    assert bool(unused_waivers([("a", (given,), judged)])) is known
    assert unused_waivers([("a", (given,), None)]) == ()
