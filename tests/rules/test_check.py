from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from tuner.errors import Unreadable
from tuner.policy.policy import Confidence, Severity
from tuner.policy.waiver import Waiver
from tuner.rules._boot import next_boot
from tuner.rules._check import check, registry
from tuner.rules._finding import Kind, NextBoot, Origin, Verdict
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Sockets
from tuner.sysctl.key import Key

FIN = Key("net.ipv4.tcp_fin_timeout")
PORTS = Key("net.ipv4.ip_local_port_range")
TS = Key("net.ipv4.tcp_timestamps")
FILE = "/etc/sysctl.d/60-a.conf"

Run = Callable[..., Verdict]


@pytest.fixture
def run(snapshot: Callable[..., Any], policy: Callable[..., Any]) -> Run:
    """All rules over a case."""

    def all_rules(case: dict[str, Any], **options: Any) -> Verdict:
        return check(snapshot(case), policy(case), registry().values(), **options)

    return all_rules


def rules(verdict: Verdict) -> list[str]:
    return [finding.rule for finding in verdict.findings]


def of(verdict: Verdict, rule: str) -> Any:
    (finding,) = [it for it in verdict.findings if it.rule == rule]
    return finding


def test_a_healthy_host_has_no_findings(run: Run) -> None:
    live = {
        "tcp_timestamps": "1",
        "tcp_sack": "1",
        "tcp_window_scaling": "1",
        "tcp_moderate_rcvbuf": "1",
        "tcp_syncookies": "1",
        "tcp_abort_on_overflow": "0",
        "tcp_retries2": "15",
        "tcp_syn_retries": "6",
        "tcp_synack_retries": "5",
        "tcp_fin_timeout": "60",
        "tcp_tw_reuse": "2",
        "tcp_max_tw_buckets": "131072",
        "tcp_ehash_entries": "262144",
        "tcp_rfc1337": "0",
        "ip_local_port_range": "32768\t60999",
        "ip_local_reserved_ports": "",
        "net.core.somaxconn": "4096",
    }
    for roles in (("base",), ("public-server",), ("internal-server", "public-server")):
        case = {"live": live, "roles": roles, "totals": {}, "sockets": Sockets({}, (), ())}
        assert run(case) == Verdict()


def test_findings_carry_live_value_next_boot_and_line(run: Run) -> None:
    verdict = run({"live": {"tcp_timestamps": "0"}, "files": {FILE: "\nnet/ipv4/tcp_timestamps=0"}})
    finding = of(verdict, "timestamps-off")
    assert str(finding.live) == "0"
    assert finding.next_boot == NextBoot(Origin.FILE, finding.live, FILE, 2)
    assert (finding.path, finding.line) == (FILE, 2)


def test_a_hazard_absorbs_drift_on_the_same_key(run: Run) -> None:
    finding = of(run({"live": {"tcp_timestamps": "0"}}), "timestamps-off")
    assert finding.wanted == "1 or 2"
    assert finding.fix.value == "1"


def test_the_wish_decides_the_cure_where_the_rule_would_miss_it(run: Run) -> None:
    profile = (
        "expect: {net.ipv4.tcp_fin_timeout: {exactly: 30, severity: error, why: w, sources: s}}"
    )
    verdict = run({"live": {"tcp_fin_timeout": "90"}, "profile": profile})
    assert rules(verdict) == ["fin-timeout-time-wait"]
    finding = verdict.findings[0]
    assert (finding.severity, finding.wanted) == (Severity.ERROR, "30")
    assert finding.fix is not None
    assert finding.fix.value == "30"


def test_the_rule_decides_the_cure_where_it_satisfies_the_wish(run: Run) -> None:
    key = "net.netfilter.nf_conntrack_tcp_timeout_time_wait"
    verdict = run({"live": {key: "10", "ip_forward": "1"}, "roles": ("nat-gateway",)})
    finding = of(verdict, "nat-quarantine-short")
    assert (finding.wanted, finding.fix.value) == ("at least 60", "120")
    assert all(it.key != key or it is finding for it in verdict.findings)


def test_drift_on_a_key_that_no_rule_condemns_stays(run: Run) -> None:
    assert rules(run({"live": {"tcp_tw_reuse_delay": "9", "tcp_fin_timeout": "15"}})) == [
        "drift",
        "fin-timeout-time-wait",
    ]


def test_boot_drift_is_silent_beside_a_finding_as_severe(run: Run) -> None:
    verdict = run(
        {"live": {"tcp_timestamps": "0"}, "files": {FILE: "net.ipv4.tcp_timestamps = 1\n"}}
    )
    assert rules(verdict) == ["timestamps-off"]
    assert str(verdict.findings[0].next_boot.value) == "1"  # type: ignore[union-attr]


def test_boot_drift_speaks_beside_a_lesser_finding(run: Run) -> None:
    verdict = run(
        {"live": {"tcp_fin_timeout": "30"}, "files": {FILE: "net.ipv4.tcp_fin_timeout = 40\n"}}
    )
    assert rules(verdict) == ["boot-drift", "fin-timeout-time-wait"]


def test_worst_first(run: Run) -> None:
    verdict = run(
        {
            "kernel": "4.4.0",
            "live": {"tcp_fin_timeout": "30", "tcp_timestamps": "0", "tcp_tw_recycle": "1"},
        }
    )
    assert rules(verdict) == ["tw-recycle", "timestamps-off", "fin-timeout-time-wait"]
    assert verdict.worst is Severity.ERROR


TODAY = date(2026, 3, 1)
LIVE = {"live": {"tcp_timestamps": "0"}}


def waiver(**fields: Any) -> Waiver:
    return Waiver(reason="appliance", owner="net", **{"until": TODAY, **fields})


def test_a_waiver_covers_by_rule_by_key_and_by_both(run: Run) -> None:
    for names in (
        {"rule": "timestamps-off"},
        {"key": TS},
        {"rule": "timestamps-off", "key": TS},
    ):
        verdict = run(LIVE, waivers=[waiver(**names)], today=TODAY)
        assert rules(verdict) == []
        assert [it.finding.rule for it in verdict.waived] == ["timestamps-off"]
        assert verdict.waived[0].waiver.owner == "net"


def test_a_waiver_covers_nothing_else(run: Run) -> None:
    for names in ({"rule": "tw-recycle"}, {"key": FIN}, {"rule": "timestamps-off", "key": FIN}):
        verdict = run(LIVE, waivers=[waiver(**names)], today=TODAY)
        assert rules(verdict) == ["timestamps-off"]
        assert verdict.waived == ()


def test_a_waiver_ends_after_its_day(run: Run) -> None:
    old = waiver(rule="timestamps-off", until=date(2026, 2, 28))
    assert rules(run(LIVE, waivers=[old], today=TODAY)) == ["expired-waiver", "timestamps-off"]


def test_what_was_found_before_something_unreadable_stands(
    snapshot: Callable[..., Any], policy: Callable[..., Any]
) -> None:
    def half(_: Any, __: Any) -> Any:
        yield rule.finding("one")
        raise Unreadable("the rest")

    rule = Rule("half", Kind.MYTH, Severity.NOTE, Confidence.LIKELY, ("s",), "Half.", half)
    verdict = check(snapshot({}), policy({}), [rule])
    assert [it.message for it in verdict.findings] == ["one"]
    assert [(it.rule, it.reason) for it in verdict.skipped] == [("half", "the rest")]


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ({"files": None}, (Origin.UNKNOWN, "")),
        ({"files": {}, "unreadable": ("/etc/sysctl.d/x.conf",)}, (Origin.UNKNOWN, "")),
        ({"files": {}, "live": {}}, (Origin.ABSENT, "")),
        ({"files": {}}, (Origin.DEFAULT, "32768 60999")),
        ({"files": {FILE: "net.ipv4.ip_local_port_range=1024 65535"}}, (Origin.FILE, "1024 65535")),
        ({"files": {FILE: "net.ipv4.ip_local_port_range=40000"}}, (Origin.FILE, "40000 60999")),
        ({"files": {FILE: "net.ipv4.ip_local_port_range=1-9"}}, (Origin.DEFAULT, "32768 60999")),
    ],
)
def test_next_boot(
    snapshot: Callable[..., Any], case: dict[str, Any], expected: tuple[Origin, str]
) -> None:
    boot = next_boot(snapshot({"live": {"ip_local_port_range": "1 2"}} | case), PORTS)
    assert (boot.origin, str(boot.value or "")) == expected


def test_next_boot_of_a_key_whose_default_depends_on_the_machine(
    snapshot: Callable[..., Any],
) -> None:
    live = {"tcp_max_tw_buckets": "1"}
    boot = next_boot(snapshot({"files": {}, "live": live}), Key("net.ipv4.tcp_max_tw_buckets"))
    assert boot == NextBoot(Origin.UNSET)
