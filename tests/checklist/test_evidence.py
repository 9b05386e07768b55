"""What a host shows about a question, and what it is too idle or too blind to show."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from tests.checklist.conftest import TODAY, profiles, scene, snapshot
from tuner.checklist.evidence import EVIDENCE, Scene, Shown, hear
from tuner.checklist.item import Witness
from tuner.errors import Unreadable
from tuner.policy.resolve import resolve
from tuner.policy.waiver import Waiver
from tuner.rules._check import check, registry
from tuner.snapshot.snapshot import Flow, Listener, Snapshot, Sockets
from tuner.sysctl.key import Key

RANGE = {"net.ipv4.ip_local_port_range": "1024\t2023", "net.ipv4.ip_local_reserved_ports": ""}
SOMAXCONN = {"net.core.somaxconn": "4096"}


def shown(name: str, given: Snapshot, claim: str = "") -> Shown:
    return EVIDENCE[name](scene(given), claim)


def out(state: str, count: int, remote: str = "198.51.100.7", port: int = 5432) -> Flow:
    return Flow(state, "192.0.2.1", 0, remote, port, count)


def accepted(state: str, count: int, port: int = 443) -> Flow:
    return Flow(state, "192.0.2.1", port, "", 0, count)


@pytest.mark.parametrize(
    ("listeners", "claim", "answer", "contradicts"),
    [
        ([("192.0.2.1", 443, 4096)], "", "all", ""),
        ([("192.0.2.1", 443, 8192)], "all", "all", ""),
        ([("192.0.2.1", 443, 128)], "", "", ""),
        ([("192.0.2.1", 443, 128)], "all", "", "192.0.2.1:443 has a backlog of 128 in force"),
        ([("::", 443, 4096), ("::", 22, 128)], "443", "", ""),
        ([("::", 443, 511), ("::", 22, 128)], "443", "", "[::]:443 has a backlog of 511"),
        ([("::", 443, 4096)], "443 8443", "all", "nothing listens on port 8443"),
        ([("127.0.0.1", 5000, 5), ("::1", 5000, 5), ("::", 80, 4096)], "", "all", ""),
        ([("192.0.2.1", 443, 128)], "less-on-purpose", "", ""),
        ([], "", "", ""),
    ],
)
def test_listen_backlogs(
    listeners: list[tuple[str, int, int]], claim: str, answer: str, contradicts: str
) -> None:
    sockets = tuple(Listener(address, port, 0, backlog) for address, port, backlog in listeners)
    found = shown("listen-backlogs", snapshot(SOMAXCONN, listeners=sockets), claim)
    assert found.answer == answer
    assert found.contradicts.startswith(contradicts)
    assert bool(found.contradicts) is bool(contradicts)


def test_a_host_without_ss_does_not_know_its_backlogs() -> None:
    with pytest.raises(Unreadable, match="no ss"):
        shown("listen-backlogs", snapshot(SOMAXCONN, listeners=(Listener("::", 443),)))
    with pytest.raises(Unreadable, match="somaxconn"):
        shown("listen-backlogs", snapshot())


@pytest.mark.parametrize(
    ("name", "flow"), [("closes-outgoing", out), ("closes-accepted", accepted)]
)
def test_time_wait_tells_who_closes_first(name: str, flow: Callable[..., Flow]) -> None:
    busy = snapshot(flows=(flow("TIME-WAIT", 100), flow("ESTAB", 5)))
    assert shown(name, busy).answer == "this-host"
    assert "100 " in shown(name, busy, "peer").contradicts
    for claim in ("this-host", "either"):
        assert shown(name, busy, claim).contradicts == ""
    idle = snapshot(flows=(flow("TIME-WAIT", 99), flow("ESTAB", 5000)))
    assert shown(name, idle).answer == ""
    assert shown(name, idle, "peer").contradicts == ""
    other = accepted if flow is out else out
    assert shown(name, snapshot(flows=(other("TIME-WAIT", 500),))).answer == ""
    loopback = Flow("TIME-WAIT", "127.0.0.1", 0 if flow is out else 80, "127.0.0.1", 80, 500)
    assert shown(name, snapshot(flows=(loopback,))).answer == ""


@pytest.mark.parametrize(
    ("waiting", "established", "answer"),
    [(1000, 200, "no"), (1000, 1000, ""), (1000, 5000, ""), (100, 0, ""), (101, 0, "no")],
)
def test_short_lives_by_littles_law(waiting: int, established: int, answer: str) -> None:
    for name, flow in (("reuses-outgoing", out), ("reuses-accepted", accepted)):
        given = snapshot(flows=(flow("TIME-WAIT", waiting), flow("ESTAB", established)))
        assert shown(name, given).answer == answer
        found = shown(name, given, "yes")
        assert bool(found.contradicts) is (answer == "no")
        assert shown(name, given, "partly").contradicts == ""


def test_each_destination_is_judged_alone() -> None:
    given = snapshot(
        flows=(out("ESTAB", 9000), out("TIME-WAIT", 200, "198.51.100.8"), out("TIME-WAIT", 50))
    )
    found = shown("reuses-outgoing", given)
    (line,) = found.says
    assert line.startswith("192.0.2.1 to 198.51.100.8:5432: 200 in TIME_WAIT and 0 established")


@pytest.mark.parametrize(
    ("counts", "answer"),
    [((250, 250), "yes"), ((250, 249), "no"), ((50, 50), "no"), ((50, 49), ""), ((0, 0), "")],
)
def test_ports_are_scarce_from_half_of_the_range_on(counts: tuple[int, int], answer: str) -> None:
    waiting, established = counts
    flows = (out("TIME-WAIT", waiting), out("ESTAB", established), out("ESTAB", 60, port=80))
    found = shown("port-headroom", snapshot(RANGE, flows=flows if waiting else ()))
    assert found.answer == answer
    assert "1000" in found.says[0]


def test_who_says_ports_are_plenty_is_contradicted_by_their_number() -> None:
    given = snapshot(RANGE, flows=(out("TIME-WAIT", 600),))
    assert "600 of 1000 usable local ports in use (60 %)" in (
        shown("port-headroom", given, "no").contradicts
    )
    reserved = RANGE | {"net.ipv4.ip_local_reserved_ports": "1024-1523"}
    assert shown("port-headroom", snapshot(reserved, flows=(out("ESTAB", 250),))).answer == "yes"


@pytest.mark.parametrize(
    ("claim", "against"),
    [("350", True), ("7200", True), ("7201", False), ("never", False), ("application", False)],
)
def test_the_first_probe_must_come_before_the_path_forgets(claim: str, *, against: bool) -> None:
    given = snapshot({"net.ipv4.tcp_keepalive_time": "7200"})
    assert bool(shown("keepalive", given, claim).against) is against
    assert shown("keepalive", given).says == ("net.ipv4.tcp_keepalive_time is 7200 s",)


@pytest.mark.parametrize(
    ("ignore", "announce", "interface", "against"),
    [("0", "0", "0", True), ("1", "2", "0", False), ("1", "1", "0", True), ("0", "2", "1", False)],
)
def test_direct_return_takes_the_strictest_of_all_and_interface(
    ignore: str, announce: str, interface: str, *, against: bool
) -> None:
    live = {
        "net.ipv4.conf.all.arp_ignore": ignore,
        "net.ipv4.conf.all.arp_announce": announce,
        "net.ipv4.conf.eth0.arp_ignore": interface,
        "net.ipv4.conf.eth0.arp_announce": "0",
    }
    assert bool(shown("direct-return", snapshot(live), "yes").against) is against
    assert shown("direct-return", snapshot(live), "no").against == ""


def test_the_next_boot_by_key_states() -> None:
    role = ("client-heavy",)
    good = {"net.ipv4.tcp_tw_reuse": "1", "net.ipv4.ip_local_port_range": "10000\t65535"}
    lines = "".join(f"{key} = {value}\n" for key, value in good.items())
    kept = snapshot(good, files={"/etc/sysctl.d/50.conf": lines})
    assert EVIDENCE["next-boot"](scene(kept, role), "") == Shown("yes")
    lost = scene(snapshot(good), role)
    found = EVIDENCE["next-boot"](lost, "")
    assert found.answer == "no"
    assert "net.ipv4.tcp_tw_reuse: lost-at-boot" in found.says
    planned = Scene(lost.snapshot, lost.verdict, lost.keys, frozenset(map(Key, good)))
    assert EVIDENCE["next-boot"](planned, "").answer == "yes"
    with pytest.raises(Unreadable):
        EVIDENCE["next-boot"](scene(snapshot(good, files=None), role), "")


def test_a_line_outside_the_policy_that_changes_at_boot_counts_too() -> None:
    given = snapshot(
        {"net.ipv4.tcp_ecn": "1"}, files={"/etc/sysctl.d/50.conf": "net.ipv4.tcp_ecn = 0\n"}
    )
    (line,) = EVIDENCE["next-boot"](scene(given), "").says
    assert line.startswith("warning boot-drift · net.ipv4.tcp_ecn · live 1")
    assert line.endswith("/etc/sysctl.d/50.conf:1")


def test_rules_answer_by_what_they_find() -> None:
    drift = Witness(rules=("drift",))
    assert hear(drift, scene(snapshot()), "") == Shown("yes")
    found = hear(drift, scene(snapshot({"net.ipv4.tcp_tw_reuse_delay": "100"})), "")
    assert found.answer == "no"
    assert found.says == (
        "warning drift · net.ipv4.tcp_tw_reuse_delay · live 100 · wanted at least 1000",
    )


def test_notes_do_not_speak_against_and_waived_findings_are_shown() -> None:
    given = snapshot({"net.ipv4.tcp_tw_reuse_delay": "100"})
    waiver = Waiver(rule="drift", reason="x", owner="netops", until=date(2030, 12, 31))
    policy = resolve(profiles(), ("base",))
    verdict = check(given, policy, registry().values(), waivers=[waiver], today=TODAY)
    found = hear(Witness(rules=("drift",)), Scene(given, verdict), "")
    assert found.answer == "yes"
    assert found.says[0].startswith("waived until 2030-12-31 by netops: warning drift")
    many = snapshot({"net.ipv4.tcp_max_tw_buckets": "5000000"})
    noted = hear(Witness(kinds=("myth",)), scene(many), "")
    assert noted.answer == "yes"
    assert noted.says[0].startswith("note tw-buckets-huge")


def test_a_rule_that_cannot_judge_does_not_say_yes() -> None:
    blind = snapshot({"net.ipv4.tcp_sack": "1"}, files=None)
    with pytest.raises(Unreadable):
        hear(Witness(rules=("removed-key",)), scene(blind), "")
    assert (
        hear(
            Witness(rules=("drift", "removed-key")),
            scene(snapshot({"net.ipv4.tcp_tw_reuse_delay": "100"}, files=None)),
            "",
        ).answer
        == "no"
    )


def test_rules_with_an_item_of_their_own_are_left_out() -> None:
    live = {"net.netfilter.nf_conntrack_tcp_timeout_time_wait": "30", "net.ipv4.ip_forward": "1"}
    host = scene(snapshot(live), ("nat-gateway",))
    everything = Witness(kinds=("hazard", "myth"))
    assert hear(everything, host, "").answer == "no"
    rest = Witness(kinds=("hazard", "myth"), but=("nat-quarantine-short",))
    assert hear(rest, host, "").answer == "yes"


def test_evidence_is_short_whatever_a_host_says() -> None:
    listeners = tuple(Listener("192.0.2.1", port, 0, 1) for port in range(1, 40))
    found = shown("listen-backlogs", snapshot(SOMAXCONN, listeners=listeners))
    assert len(found.says) == 6
    assert found.says[-1] == "and 34 more"
    long = scene(snapshot({"net.ipv4.tcp_sack": "9" * 10000}))
    assert all(len(line) <= 401 for line in hear(Witness(rules=("drift",)), long, "").says)


def test_resets_are_a_number_and_no_verdict() -> None:
    found = shown("aborts", snapshot(), "nobody")
    assert found.says[0].startswith("TCPAbortOnData is 3 since boot")
    assert (found.answer, found.contradicts, found.against) == ("", "", "")


def test_no_sockets_no_testimony() -> None:
    blind = snapshot(sockets=Sockets({}, (), (), truncated=True))
    for name in ("closes-outgoing", "reuses-accepted"):
        with pytest.raises(Unreadable, match="TCP sockets"):
            shown(name, blind)
