"""What a plan takes up, what it leaves and why, and where its file goes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from tests.plan.conftest import MARK, TEMPLATE, file_of, full, host, judge, plan_of, policy_of
from tuner.plan.after import after
from tuner.plan.make import make_plan
from tuner.plan.plan import Change, Plan
from tuner.policy.policy import Confidence, Severity
from tuner.policy.waiver import Waiver
from tuner.rules._finding import Finding, Fix, Verdict
from tuner.rules._finding import Kind as Kind_
from tuner.snapshot.snapshot import Counters, Listener, Missing, Snapshot, Sockets
from tuner.sysctl.files import Entry, Kind
from tuner.sysctl.key import Key
from tuner.sysctl.value import Value, parse_value

ROLE = "/etc/sysctl.d/50-role.conf"
OURS = "/etc/sysctl.d/90-tuner.conf"
FORWARD = "net.ipv4.ip_forward"
PROBE = "net.ipv4.tcp_probe_interval"  # no rule but the policy's has an opinion of it

UFW_WINS = (
    "ufw (/etc/ufw/sysctl.conf:2) sets 0 after every sysctl.d file, at the next boot: "
    "--edit-others comments that line out"
)
UDEV_RULE = (
    'ACTION=="add", SUBSYSTEM=="module", KERNEL=="nf_conntrack", '
    'RUN+="/lib/systemd/systemd-sysctl --prefix=/net/netfilter"'
)


def wish(key: str, relation: str, **more: str) -> str:
    extra = "".join(f", {name}: {value}" for name, value in more.items())
    return f"expect:\n  {key}: {{{relation}, why: It is wanted., sources: [x]{extra}}}\n"


def change(plan: Plan, key: str) -> Change:
    (found,) = (it for it in plan.changes if it.key == full(key))
    return found


def left(plan: Plan, key: str) -> list[str]:
    return [it.reason for it in plan.left if it.key == full(key)]


def lines(plan: Plan, path: str = OURS) -> list[str]:
    return [line for line in file_of(plan, path).splitlines() if line and line[0] != "#"]


def test_a_host_without_findings_has_an_empty_plan() -> None:
    plan = plan_of(host({"tcp_sack": "1"}), policy_of("base"))
    assert (plan.empty, plan.changes, plan.files, plan.left) == (True, (), (), ())


def test_a_drifted_key_is_written_and_gets_its_line() -> None:
    policy = policy_of(profile=wish(PROBE, "at_least: 400"))
    plan = plan_of(host({PROBE: "5"}, {ROLE: f"{PROBE} = 300"}), policy)
    assert change(plan, PROBE) == Change(
        key=full(PROBE),
        after=Value(("400",)),
        because=("drift",),
        live_before=Value(("5",)),
        boot_before=Value(("300",)),
        why="It is wanted.",
    )
    assert lines(plan) == [f"{PROBE} = 400"]
    assert plan.writes == plan.changes


def test_what_only_the_next_boot_gets_wrong_is_not_written_now() -> None:
    policy = policy_of(profile=wish(PROBE, "at_least: 400"))
    plan = plan_of(host({PROBE: "500"}, {ROLE: f"{PROBE} = 300"}), policy)
    assert change(plan, PROBE).write is False
    assert change(plan, PROBE).because == ("boot-drift",)
    assert plan.writes == ()
    assert lines(plan) == [f"{PROBE} = 500"]


def test_what_boot_gives_anyway_gets_no_line() -> None:
    # by the kernel's default
    plan = plan_of(host({"tcp_sack": "0"}), policy_of())
    assert (change(plan, "tcp_sack").write, plan.files) == (True, ())
    # by another's line, whose value is taken over although a lower one would do
    files = {ROLE: "net.core.somaxconn = 65535"}
    plan = plan_of(host({"net.core.somaxconn": "128"}, files), policy_of("public-server"))
    assert change(plan, "net.core.somaxconn").after == Value(("65535",))
    assert plan.files == ()


def test_a_default_that_is_not_known_is_not_trusted() -> None:
    """nf_conntrack_max follows the memory, so that nobody can tell what boot gives."""
    key = "net.netfilter.nf_conntrack_max"
    plan = plan_of(host({key: "1000"}), policy_of("nat-gateway"), unsafe=True)
    assert lines(plan) == [f"{key} = 65536"]
    assert change(plan, key).boot_before is None


def test_a_computed_default_is_not_pinned_for_a_rule() -> None:
    plan = plan_of(host({"tcp_max_tw_buckets": "1000"}), policy_of())
    assert change(plan, "tcp_max_tw_buckets").because == ("tw-buckets-low",)
    assert plan.files == ()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, "0 may cut somebody off or lose traffic: --unsafe takes it"),
        ({"unsafe": True}, ""),
    ],
)
def test_an_unsafe_remedy_must_be_asked_for(options: dict[str, Any], reason: str) -> None:
    policy = policy_of(profile=wish(FORWARD, "exactly: '0'"))
    plan = plan_of(host({FORWARD: "1"}), policy, **options)
    assert left(plan, FORWARD) == ([reason] if reason else [])
    assert [it.safe for it in plan.changes] == ([] if reason else [False])


def test_a_waived_finding_is_left_alone_and_said() -> None:
    waiver = Waiver(
        key="net.ipv4.tcp_sack", reason="a broken middlebox", owner="ops", until=date(2027, 1, 1)
    )
    plan = plan_of(host({"tcp_sack": "0"}), policy_of(), waivers=[waiver])
    assert plan.empty
    assert left(plan, "tcp_sack") == ["waived: a broken middlebox (ops, until 2027-01-01)"]


@pytest.mark.parametrize(
    ("key", "live", "relation", "reason"),
    [
        ("net.core.no_such", None, "exactly: '1', required: true", "the kernel has no such key"),
        ("net.netfilter.nf_conntrack_max", None, "at_least: 1, required: true", "nf_conntrack is"),
        ("net.ipv4.tcp_fastopen_key", "0-0-0-0", "exactly: 1-2-3-4", "it is a secret"),
        ("net.ipv4.tcp_ehash_entries", "4", "exactly: '8'", "the kernel only shows it"),
        ("net.ipv4.conf.a;b.rp_filter", "0", "exactly: '1'", "no sysctl file can say it"),
        ("net.ipv4.tcp_congestion_control", "cubic", "exactly: 'b#r'", "no sysctl file can say it"),
        ("net.core.default_qdisc", "fq", "exactly: \"'fq'\"", "no sysctl file can say it"),
    ],
)
def test_what_cannot_be_written_is_left_with_its_reason(
    key: str, live: str | None, relation: str, reason: str
) -> None:
    shown = {} if live is None else {key: live}
    plan = plan_of(host(shown), policy_of(profile=wish(key, relation)), unsafe=True)
    assert plan.empty
    (said,) = left(plan, key)
    assert reason in said


def test_a_key_that_cannot_be_read_is_left() -> None:
    plan = plan_of(host({"tcp_sack": Missing.DENIED}), policy_of())
    assert plan.empty
    assert any("tcp_sack (denied)" in it.reason for it in plan.left)


def test_a_container_does_not_write_what_is_not_its_own() -> None:
    key = "net.netfilter.nf_conntrack_max"
    gateway = policy_of("nat-gateway")
    plan = plan_of(host({key: "1000"}, container="lxc"), gateway, unsafe=True)
    assert left(plan, key) == [
        "a container may not write it (in a network namespace it is read-only)"
    ]


def test_a_vector_is_written_whole() -> None:
    key = full("tcp_rmem")
    snapshot = host({"tcp_rmem": "4096\t131072\t6291456"})
    finding = Finding(
        rule="rmem-low",
        kind=Kind_.HAZARD,
        severity=Severity.WARNING,
        confidence=Confidence.PROVEN,
        message="m",
        key=key,
        fix=Fix("0x2000", safe=True),
    )
    plan = make_plan(snapshot, Verdict((finding,)), policy_of(), TEMPLATE)
    assert change(plan, key).after == parse_value("8192 131072 6291456")


def test_values_compare_as_the_kernel_reads_them() -> None:
    policy = policy_of(profile=wish("net.ipv4.tcp_rmem", "exactly: '4096 87380  6291456'"))
    files = {ROLE: "net/ipv4/tcp_rmem = 0x1000\t87380 6291456"}
    assert plan_of(host({"net.ipv4.tcp_rmem": "4096\t87380\t6291456"}, files), policy).empty


def test_a_remedy_must_cure_what_the_policy_says_too() -> None:
    policy = policy_of(profile=wish("net.ipv4.tcp_max_tw_buckets", "at_most: 1000"))
    plan = plan_of(host({"tcp_max_tw_buckets": "1000"}), policy)
    assert plan.empty
    assert (
        "does not do: the policy wants at most 1000 (own:2)" in left(plan, "tcp_max_tw_buckets")[0]
    )


def test_what_a_remedy_brings_up_belongs_to_the_same_plan() -> None:
    """A wider range reaches a service's port, which is reserved before the range grows."""
    live = {"ip_local_port_range": "32768\t60999", "ip_local_reserved_ports": ""}
    sockets = Sockets({}, (Listener("10.0.0.1", 25000),), ())
    plan = plan_of(host(live, sockets=sockets), policy_of("client-heavy"), unsafe=True)
    assert [it.key.rpartition(".")[2] for it in plan.writes] == [
        "ip_local_reserved_ports",
        "ip_local_port_range",
    ]
    assert lines(plan) == [
        "net.ipv4.ip_local_reserved_ports = 25000",
        "net.ipv4.ip_local_port_range = 20000 60999",
    ]


class TestName:
    """Under which name the file wins."""

    SACK = "net.ipv4.tcp_sack = 0\n"

    def plan(self, files: dict[str, Any] | list[Entry], **more: Any) -> Plan:
        return plan_of(host({"tcp_sack": "0"}, files, **more), policy_of())

    @pytest.mark.parametrize(
        ("other", "ours"),
        [
            (ROLE, "90-tuner.conf"),
            ("/run/sysctl.d/90-zz.conf", "99-tuner.conf"),
            ("/usr/lib/sysctl.d/99-sysctl.conf", "99-tuner.conf"),
            ("/etc/sysctl.d/99-zoo.conf", "99-zz-tuner.conf"),
            ("/etc/sysctl.d/99-zz.conf", "zz-tuner.conf"),  # a dot is after a dash
            ("/etc/sysctl.d/zz-wins.conf", "zzzz-tuner.conf"),
        ],
    )
    def test_it_sorts_after_every_file_with_the_same_key(self, other: str, ours: str) -> None:
        plan = self.plan({other: self.SACK})
        assert lines(plan, f"/etc/sysctl.d/{ours}") == ["net.ipv4.tcp_sack = 1"]
        assert plan.cannot_win == ()

    def test_a_name_that_others_have_is_not_taken(self) -> None:
        """In /etc it would be overwritten, elsewhere it would be hidden."""
        for folder in ("/etc", "/usr/lib"):
            files = {ROLE: self.SACK, f"{folder}/sysctl.d/90-tuner.conf": "# of somebody else\n"}
            assert lines(self.plan(files), "/etc/sysctl.d/99-tuner.conf")

    def test_a_pattern_loses_to_any_name(self) -> None:
        plan = self.plan({"/etc/sysctl.d/95-x.conf": "net.ipv4.tcp_sa* = 0\n"})
        assert lines(plan) == ["net.ipv4.tcp_sack = 1"]

    def test_an_exclusion_is_beaten_too(self) -> None:
        files = {"/etc/sysctl.d/95-x.conf": "-net.ipv4.tcp_sack\n"}
        plan = self.plan(files, cmdline="sysctl.net.ipv4.tcp_sack=0")
        assert lines(plan, "/etc/sysctl.d/99-tuner.conf") == ["net.ipv4.tcp_sack = 1"]

    def test_the_present_name_stays_while_it_is_as_good(self) -> None:
        ours = "/etc/sysctl.d/99-tuner.conf"
        plan = self.plan({ROLE: self.SACK, ours: f"{MARK}net.ipv4.tcp_retries2 = 9\n"})
        assert lines(plan, ours) == ["net.ipv4.tcp_retries2 = 9", "net.ipv4.tcp_sack = 1"]

    def test_a_name_that_loses_is_changed(self) -> None:
        old = f"{MARK}net.ipv4.tcp_sack = 1\n"
        plan = self.plan({OURS: old, "/etc/sysctl.d/95-x.conf": self.SACK})
        assert [(it.path, it.before, it.after is None) for it in plan.files] == [
            (OURS, old.encode(), True),
            ("/etc/sysctl.d/99-tuner.conf", None, False),
        ]

    def test_who_wins_over_every_name_is_said(self) -> None:
        later = {"/etc/ufw/sysctl.conf": "# x\nnet/ipv4/tcp_sack=0\n"}
        plan = self.plan({}, later=later)
        assert [(it.key, it.rule, it.reason) for it in plan.cannot_win] == [
            (
                "net.ipv4.tcp_sack",
                "sack-off",
                UFW_WINS,
            )
        ]
        assert change(plan, "tcp_sack").write

    def test_sysctl_conf_wins_when_somebody_types_sysctl_system(self) -> None:
        link = Entry("/etc/sysctl.d/99-sysctl.conf", content=b"", target="../sysctl.conf")
        for files in (
            [Entry("/etc/sysctl.conf", content=self.SACK.encode())],
            [
                Entry("/etc/sysctl.conf", content=self.SACK.encode()),
                Entry(link.path, content=self.SACK.encode(), target=link.target),
            ],
        ):
            plan = self.plan(files)
            (only,) = plan.cannot_win
            assert only.reason == (
                "/etc/sysctl.conf:1 sets 0 at `sysctl --system`: --edit-others comments that line "
                "out"
            )

    def test_without_procps_nobody_types_that(self) -> None:
        files = {"/etc/sysctl.conf": self.SACK}
        assert self.plan(files, loaders=("systemd-sysctl",)).cannot_win == ()

    def test_the_other_name_of_a_variable_counts(self) -> None:
        key, alias = "net.netfilter.nf_conntrack_max", "net.nf_conntrack_max"
        files = {"/etc/sysctl.d/95-x.conf": f"{alias} = 1000\n"}
        snapshot = host({key: "1000", alias: "1000"}, files)
        plan = plan_of(snapshot, policy_of("nat-gateway"), unsafe=True)
        assert lines(plan, "/etc/sysctl.d/99-tuner.conf") == [f"{key} = 65536"]

    def test_a_line_that_wins_nowhere_is_not_written(self) -> None:
        later = {"/etc/ufw/sysctl.conf": "net.ipv4.tcp_sack=0\n"}
        plan = self.plan({}, later=later, loaders=("systemd-sysctl",))
        assert plan.files == ()
        assert change(plan, "tcp_sack").write
        assert len(plan.cannot_win) == 1

    @pytest.mark.parametrize(
        ("files", "reason"),
        [
            (None, "this source has no sysctl.d files"),
            ([Entry("/etc/sysctl.d/x.conf", Kind.UNREADABLE)], "x.conf could not be read"),
        ],
    )
    def test_what_cannot_be_seen_is_not_promised(
        self, files: list[Entry] | None, reason: str
    ) -> None:
        plan = plan_of(host({"tcp_sack": "0"}, files), policy_of())
        assert lines(plan) == ["net.ipv4.tcp_sack = 1"]
        assert [reason in it.reason for it in plan.cannot_win] == [True]


class TestOwnFile:
    """What tuner's file already says."""

    def test_it_is_not_written_again_for_its_comments(self) -> None:
        mine = f"{MARK}# an older reason\nnet.ipv4.tcp_sack=1\n"
        assert plan_of(
            host({"tcp_sack": "1"}, {ROLE: "net.ipv4.tcp_sack = 0", OURS: mine}), policy_of()
        ).empty

    def test_a_file_without_the_mark_is_somebody_elses(self) -> None:
        plan = plan_of(host({"tcp_sack": "1"}, {OURS: "net.ipv4.tcp_sack = 0\n"}), policy_of())
        assert lines(plan, "/etc/sysctl.d/99-tuner.conf") == ["net.ipv4.tcp_sack = 1"]

    def test_lines_that_are_still_asked_for_stay(self) -> None:
        """By the policy (sack), or by a rule that would come up without them (fin_timeout)."""
        files = {
            ROLE: "net.ipv4.tcp_fin_timeout = 5\nnet.ipv4.tcp_retries2 = 5\n",
            OURS: f"{MARK}net.ipv4.tcp_fin_timeout = 60\nnet.ipv4.tcp_sack = 1\n",
        }
        live = {"tcp_fin_timeout": "60", "tcp_sack": "1", "tcp_retries2": "5"}
        plan = plan_of(host(live, files), policy_of())
        assert lines(plan) == [
            "net.ipv4.tcp_fin_timeout = 60",
            "net.ipv4.tcp_retries2 = 15",
            "net.ipv4.tcp_sack = 1",
        ]
        assert "# fin-timeout-time-wait: " in file_of(plan, OURS)

    @pytest.mark.parametrize(
        ("other", "reason"),
        [
            ("", "the next boot gives the kernel's default, 75; 60 stays live until then"),
            (
                "net.ipv4.tcp_keepalive_intvl = 90\n",
                f"the next boot gives 90 ({ROLE}:1); 60 stays live until then",
            ),
        ],
    )
    def test_a_line_that_nothing_asks_for_goes(self, other: str, reason: str) -> None:
        files = {ROLE: other, OURS: f"{MARK}net.ipv4.tcp_keepalive_intvl = 60\n"}
        plan = plan_of(host({"tcp_keepalive_intvl": "60"}, files), policy_of())
        assert [(it.path, it.after) for it in plan.files] == [(OURS, None)]
        said = f"nothing asks for it any more: tuner's line goes, and {reason}"
        assert said in left(plan, "tcp_keepalive_intvl")
        assert plan.changes == ()

    def test_a_line_whose_loss_may_hurt_goes_only_if_asked(self) -> None:
        key = "net.ipv4.igmp_max_memberships"
        snapshot = host({key: "50"}, {OURS: f"{MARK}{key} = 50\n"})
        kept = plan_of(snapshot, policy_of())
        assert kept.empty
        assert left(kept, key) == ["nothing asks for tuner's line any more: --unsafe drops it"]
        assert [it.after for it in plan_of(snapshot, policy_of(), unsafe=True).files] == [None]

    def test_a_waived_key_keeps_its_line(self) -> None:
        waiver = Waiver(key="net.ipv4.tcp_sack", reason="r", owner="o", until=date(2027, 1, 1))
        files = {ROLE: "net.ipv4.tcp_sack = 0\n", OURS: f"{MARK}net.ipv4.tcp_sack = 1\n"}
        assert plan_of(host({"tcp_sack": "0"}, files), policy_of(), waivers=[waiver]).empty

    def test_its_value_is_the_one_that_counts(self) -> None:
        """Somebody lowered the live value: it goes back to the file's, not to the bound."""
        files = {OURS: f"{MARK}net.core.somaxconn = 9000\n", ROLE: "net.core.somaxconn = 128\n"}
        plan = plan_of(host({"net.core.somaxconn": "128"}, files), policy_of("public-server"))
        assert change(plan, "net.core.somaxconn").after == Value(("9000",))
        assert plan.files == ()

    def test_a_line_that_the_policy_outgrew_is_replaced(self) -> None:
        files = {OURS: f"{MARK}net.ipv4.tcp_retries2 = 3\n", ROLE: "net.ipv4.tcp_retries2 = 3\n"}
        plan = plan_of(host({"tcp_retries2": "3"}, files), policy_of())
        assert lines(plan) == ["net.ipv4.tcp_retries2 = 15"]

    def test_a_line_for_a_key_that_the_kernel_lost_goes(self) -> None:
        files = {OURS: f"{MARK}net.ipv4.tcp_tw_recycle = 0\n"}
        plan = plan_of(host({}, files, kernel="6.1.0"), policy_of())
        assert [it.after for it in plan.files] == [None]
        assert left(plan, "tcp_tw_recycle") == ["Linux 6.1.0 has no such key: tuner's line goes"]

    def test_two_files_of_its_own_become_one(self) -> None:
        files = {
            OURS: f"{MARK}net.ipv4.tcp_sack = 1\n",
            "/etc/sysctl.d/99-tuner.conf": f"{MARK}net.ipv4.tcp_sack = 1\n",
            ROLE: "net.ipv4.tcp_sack = 0\n",
        }
        plan = plan_of(host({"tcp_sack": "1"}, files), policy_of())
        assert [(it.path, it.after) for it in plan.files] == [(OURS, None)]


class TestCounters:
    """Counters only grow: what they ask for is done once, and kept."""

    KEY = "net.ipv4.neigh.default.gc_thresh3"
    FULL = Counters({"arp_cache.table_fulls": 50, "arp_cache.entries": 10}, {}, 1.0)
    QUIET = Counters({"arp_cache.table_fulls": 0, "arp_cache.entries": 10}, {}, 1.0)

    def test_once(self) -> None:
        snapshot = host({self.KEY: "1024"}, counters=self.FULL)
        plan = plan_of(snapshot, policy_of())
        assert change(plan, self.KEY).because == ("neighbour-table-overflow",)
        assert lines(plan) == [f"{self.KEY} = 8192"]
        again = plan_of(after(snapshot, plan), policy_of())
        assert again.empty
        (said,) = left(again, self.KEY)
        assert said.startswith("tuner's file has a line for it, and counters that only grow")

    def test_it_stays_when_a_reboot_has_set_the_counters_to_0(self) -> None:
        first = host({self.KEY: "1024"}, counters=self.FULL)
        then = after(first, plan_of(first, policy_of()))
        assert plan_of(replace(then, counters=self.QUIET), policy_of()).empty

    def test_not_where_nobody_would_remember(self) -> None:
        without_files = host({self.KEY: "1024"}, None, counters=self.FULL)
        plan = plan_of(without_files, policy_of())
        assert plan.changes == ()
        assert "without the host's files nobody knows" in left(plan, self.KEY)[0]
        later = {"/etc/ufw/sysctl.conf": f"{self.KEY} = 1024\n"}
        beaten = host(
            {self.KEY: "1024"}, counters=self.FULL, later=later, loaders=("systemd-sysctl",)
        )
        plan = plan_of(beaten, policy_of())
        assert plan.changes == ()
        assert "no file of tuner's could keep that they were heard" in left(plan, self.KEY)[0]


def test_what_a_copied_file_gathers_is_mended_one_by_one() -> None:
    text = "".join(
        f"{key} = {value}\n"
        for key, value in (
            ("net.ipv4.tcp_timestamps", "0"),
            ("net.ipv4.tcp_fin_timeout", "15"),
            ("net.ipv4.tcp_syn_retries", "1"),
            ("net.ipv4.tcp_synack_retries", "1"),
            ("net.ipv4.tcp_tw_recycle", "1"),
            ("net.ipv4.tcp_max_tw_buckets", "6000"),
            ("net.ipv4.tcp_keepalive_time", "30"),
            ("net.core.netdev_max_backlog", "250000"),
        )
    )
    live = {
        "tcp_timestamps": "0",
        "tcp_fin_timeout": "15",
        "tcp_syn_retries": "1",
        "tcp_synack_retries": "1",
        "tcp_max_tw_buckets": "6000",
        "tcp_keepalive_time": "30",
    }
    snapshot = host(live, {ROLE: text})
    assert any(it.parts for it in judge(snapshot, policy_of()).findings)
    plan = plan_of(snapshot, policy_of())
    assert len(plan.writes) >= 5
    assert {rule for it in plan.changes for rule in it.because} <= {
        it.rule for it in judge(snapshot, policy_of()).single
    }
    assert plan_of(after(snapshot, plan), policy_of()).empty


class TestEditOthers:
    """Lines of others' files are commented out only when that is asked for."""

    DEAD = "# wiki\nnet.ipv4.tcp_tw_recycle = 1\r\nnet.ipv4.tcp_fin_timeout = 60\n"

    def test_a_line_that_does_nothing(self) -> None:
        snapshot = host({"tcp_fin_timeout": "60"}, {ROLE: self.DEAD})
        plan = plan_of(snapshot, policy_of())
        assert plan.empty
        assert left(plan, "tcp_tw_recycle") == [
            f"{ROLE}:2 is better gone: --edit-others comments it out"
        ]
        assert left(plan, "tcp_fin_timeout") == [
            f"{ROLE}:3 does no harm: its owner decides whether it stays"
        ]
        (file,) = plan_of(snapshot, policy_of(), edit_others=True).files
        assert (file.path, file.foreign, file.before) == (ROLE, True, self.DEAD.encode())
        assert file.after is not None
        first, second, third = file.after.split(b"\n", 2)
        assert (first, third) == (b"# wiki", b"net.ipv4.tcp_fin_timeout = 60\n")
        assert second.startswith(b"# [tuner, tw-recycle: Linux 4.12 removed tcp_tw_recycle")
        assert second.endswith(b"] net.ipv4.tcp_tw_recycle = 1\r")

    def test_a_line_that_cannot_be_beaten(self) -> None:
        later = {"/etc/ufw/sysctl.conf": "net/ipv4/tcp_sack=0\n"}
        snapshot = host({"tcp_sack": "0"}, {}, later=later)
        plan = plan_of(snapshot, policy_of(), edit_others=True)
        (file,) = plan.files
        assert file.after == (b"# [tuner, sack-off: the host is to have 1] net/ipv4/tcp_sack=0\n")
        assert (plan.cannot_win, change(plan, "tcp_sack").after) == ((), Value(("1",)))

    def test_through_the_link_that_distributions_ship(self) -> None:
        text = b"net.ipv4.tcp_tw_recycle = 1\n"
        link = "/etc/sysctl.d/99-sysctl.conf"
        files = [
            Entry("/etc/sysctl.conf", content=text),
            Entry(link, content=text, target="../sysctl.conf"),
        ]
        plan = plan_of(host({}, files), policy_of(), edit_others=True)
        assert [(it.path, it.foreign) for it in plan.files] == [("/etc/sysctl.conf", True)]
        then = after(host({}, files), plan)
        assert {it.content for it in then.files or ()} == {plan.files[0].after}

    @pytest.mark.parametrize(
        ("path", "text", "reason"),
        [
            ("/usr/lib/sysctl.d/50-x.conf", "", "belongs to a package"),
            (ROLE, "net.ipv4.tcp_fastopen_key = 1-2-3-4\n", "holds a secret"),
        ],
    )
    def test_what_is_not_edited_is_said(self, path: str, text: str, reason: str) -> None:
        files = {path: f"{text}net.ipv4.tcp_tw_recycle = 1\n"}
        plan = plan_of(host({}, files), policy_of(), edit_others=True)
        assert plan.empty
        assert reason in left(plan, "tcp_tw_recycle")[0]

    def test_a_line_that_busybox_would_join_is_not_touched(self) -> None:
        files = {ROLE: "net.ipv4.tcp_fin_timeout = 60 \\\nnet.ipv4.tcp_tw_recycle = 1\n"}
        plan = plan_of(host({}, files), policy_of(), edit_others=True)
        assert not any(it.foreign for it in plan.files)

    @pytest.mark.parametrize("end", ["\r", "\0"])
    def test_after_a_line_end_that_is_none_for_an_editor(self, end: str) -> None:
        text = f"# a{end}net.ipv4.tcp_retries1 = 3\nnet.ipv4.tcp_fin_timeout = 60\n"
        last = "net.ipv4.tcp_no_such = 1\n"
        again = "net.ipv4.tcp_tw_recycle = 1\n"
        plan = plan_of(host({}, {ROLE: text + last + again}), policy_of(), edit_others=True)
        (after,) = [it.after or b"" for it in plan.files if it.foreign]
        assert after.startswith(text.encode())
        third, fourth = after.decode().removeprefix(text).splitlines(keepends=True)
        assert third.startswith("# [tuner, unknown-key: ")
        assert third.endswith(f"] {last}")
        assert fourth.startswith("# [tuner, tw-recycle: ")
        assert fourth.endswith(f"] {again}")

    @pytest.mark.parametrize("end", ["\r", "\0"])
    def test_a_line_that_is_several_to_systemd_is_not_touched(self, end: str) -> None:
        files = {ROLE: f"net.ipv4.tcp_fin_timeout = 60{end}net.ipv4.tcp_tw_recycle = 1\n"}
        plan = plan_of(host({}, files), policy_of(), edit_others=True)
        assert not any(it.foreign for it in plan.files)

    def test_a_profile_of_tuned_is_not_edited(self) -> None:
        later = {"/etc/tuned/x/tuned.conf": "\nnet.ipv4.tcp_sack=0\n"}
        plan = plan_of(host({"tcp_sack": "0"}, {}, later=later), policy_of(), edit_others=True)
        assert plan.cannot_win[0].reason == (
            "TuneD (/etc/tuned/x/tuned.conf:2) sets 0 after every sysctl.d file, at the next boot; "
            "/etc/tuned/x/tuned.conf is a profile of TuneD: make a profile of your own"
        )


class TestOrder:
    """The kernel takes them one after the other."""

    def test_forwarding_first_then_all_default_interfaces_then_the_rest(self) -> None:
        profile = "expect:\n" + "".join(
            f"  {key}: {{exactly: '{value}', why: w, sources: [x]}}\n"
            for key, value in (
                ("net.core.somaxconn", "4096"),
                ("net.ipv4.conf.all.rp_filter", "1"),
                ("net.ipv4.conf.default.rp_filter", "1"),
                ("net.ipv4.conf.eth0.rp_filter", "1"),
                ("net.ipv4.ip_forward", "1"),
                ("net.netfilter.nf_conntrack_max", "65536"),
                ("net.netfilter.nf_conntrack_buckets", "16384"),
                ("net.ipv6.conf.all.forwarding", "1"),
            )
        )
        policy = policy_of(profile=profile)
        live: dict[str, str | Missing] = dict.fromkeys(policy.expectations, "0")
        plan = plan_of(host(live), policy, unsafe=True)
        keys = [it.key for it in plan.writes]
        assert keys == [
            "net.ipv4.ip_forward",
            "net.ipv6.conf.all.forwarding",
            "net.ipv4.conf.all.rp_filter",
            "net.ipv4.conf.default.rp_filter",
            "net.ipv4.conf.eth0.rp_filter",
            "net.netfilter.nf_conntrack_buckets",
            "net.netfilter.nf_conntrack_max",
            "net.core.somaxconn",
        ]

    @pytest.mark.parametrize(
        ("before", "after_", "order"),
        [
            (("10000 60999", "1024"), ("30000 60999", "20000"), [0, 1]),
            (("30000 60999", "20000"), ("10000 60999", "1024"), [1, 0]),
        ],
    )
    def test_the_range_moves_before_the_privileged_ports_when_both_rise(
        self, before: tuple[str, str], after_: tuple[str, str], order: list[int]
    ) -> None:
        keys = ["net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start"]
        profile = "expect:\n" + "".join(
            f"  {key}: {{exactly: '{value}', why: w, sources: [x]}}\n"
            for key, value in zip(keys, after_, strict=True)
        )
        live: dict[str, str | Missing] = dict(zip(keys, before, strict=True))
        plan = plan_of(host(live), policy_of(profile=profile), unsafe=True)
        assert [it.key for it in plan.writes] == [keys[at] for at in order]


class TestPutBack:
    """What the kernel would not take back is named before."""

    @pytest.mark.parametrize(
        ("key", "live", "relation", "restorable"),
        [
            ("net.ipv4.tcp_retries2", "5", "at_least: 8", True),
            ("net.ipv4.tcp_syn_retries", "0", "at_least: 2", False),  # the kernel refuses 0
            ("net.ipv4.tcp_congestion_control", "x…[cut]", "exactly: cubic", False),
        ],
    )
    def test_restorable(self, key: str, live: str, relation: str, *, restorable: bool) -> None:
        policy = policy_of(profile=wish(key, relation))
        assert change(plan_of(host({key: live}), policy), key).restorable is restorable

    def test_what_the_kernel_would_loosen_along_is_kept(self) -> None:
        """Switching ip_forward off makes the kernel accept redirects again."""
        redirects = "net.ipv4.conf.all.accept_redirects"
        policy = policy_of(profile=wish(FORWARD, "exactly: '0'"))
        snapshot = host({FORWARD: "1", redirects: "0"})
        plan = plan_of(snapshot, policy, unsafe=True)
        assert [(it.key, str(it.after)) for it in plan.writes] == [(FORWARD, "0"), (redirects, "0")]
        assert after(snapshot, plan).live[Key(redirects)] == "0"
        assert after(snapshot, Plan("h", changes=plan.changes[:1])).live[Key(redirects)] == "1"


class TestModules:
    """Keys of a module need it early."""

    KEY = "net.netfilter.nf_conntrack_tcp_timeout_time_wait"

    def plan(self, **more: Any) -> Plan:
        files = more.pop("files", {ROLE: f"{self.KEY} = 30\n"})
        return plan_of(host({self.KEY: "30"}, files, **more), policy_of("nat-gateway"), unsafe=True)

    def test_they_get_modules_load_and_a_rule_for_a_module_that_comes_again(self) -> None:
        plan = self.plan()
        assert file_of(plan, "/etc/modules-load.d/tuner.conf").splitlines()[1:] == ["nf_conntrack"]
        assert file_of(plan, "/etc/udev/rules.d/99-tuner.rules").splitlines()[1:] == [UDEV_RULE]

    @pytest.mark.parametrize(
        ("more", "paths"),
        [
            (
                {"modules": {"/etc/modules": "# x\nnf_conntrack\n"}},
                {"/etc/udev/rules.d/99-tuner.rules"},
            ),
            ({"init": "openrc"}, {"/etc/modules-load.d/tuner.conf"}),
            ({"container": "lxc"}, set()),
        ],
    )
    def test_only_where_they_are_needed(self, more: dict[str, Any], paths: set[str]) -> None:
        assert {it.path for it in self.plan(**more).files} - {OURS} == paths

    def test_a_file_that_is_not_needed_any_more_goes(self) -> None:
        modules = {"/etc/modules-load.d/tuner.conf": f"{MARK}nf_conntrack\n"}
        plan = plan_of(host({"tcp_sack": "1"}, modules=modules), policy_of())
        assert [(it.path, it.after) for it in plan.files] == [(*modules, None)]

    def test_a_file_of_somebody_else_stays(self) -> None:
        plan = self.plan(modules={"/etc/modules-load.d/tuner.conf": "br_netfilter\n"})
        assert "/etc/modules-load.d/tuner.conf" not in {it.path for it in plan.files}
        assert "is not tuner's" in left(plan, self.KEY)[0]


def test_the_same_host_gives_the_same_plan() -> None:
    snapshot = host({"tcp_sack": "0", "tcp_retries2": "3"}, {ROLE: "net.ipv4.tcp_sack = 0"})
    assert plan_of(snapshot, policy_of()) == plan_of(snapshot, policy_of())


def test_a_plan_says_what_it_rests_on() -> None:
    snapshot = host({"tcp_sack": "0"}, {ROLE: "net.ipv4.tcp_sack = 0"}, kernel="6.1.0-21-amd64")
    plan = plan_of(snapshot, policy_of())
    assert plan.seen.kernel == "6.1.0-21-amd64"
    assert set(plan.seen.files) == {ROLE, OURS}
    assert plan.seen.files[OURS] == ""
    assert plan.seen.values == {full("tcp_sack"): "0"}


def test_a_rule_that_could_not_judge_is_named() -> None:
    plan = plan_of(host({"tcp_sack": "1"}, None), policy_of())
    assert {(it.key, it.rule, it.reason) for it in plan.left} >= {
        (None, "boot-drift", "could not see sysctl.d files"),
        (None, "removed-key", "could not see sysctl.d files"),
    }
    assert plan.empty


def test_a_finding_without_a_remedy_is_left_to_people() -> None:
    files = {ROLE: "net.ipv4.tcp_keepalive_time = 600\n"}
    plan = plan_of(host({"tcp_keepalive_time": "7200"}, files), policy_of())
    assert plan.empty
    assert left(plan, "tcp_keepalive_time") == [
        f"{ROLE}:1: no remedy that tuner could choose; wanted: 600 live, or 7200 in the file"
    ]


def test_a_finding_about_a_file_alone_is_left_and_was_judged() -> None:
    twice = "net.ipv4.igmp_max_memberships = 50\n"
    plan = plan_of(host({"igmp_max_memberships": "50"}, {ROLE: twice + twice}), policy_of())
    (entry,) = (it for it in plan.left if it.rule == "repeated-line")
    assert (entry.key, entry.unjudged) == (None, False)
    assert entry.reason == f"{ROLE}:2: no remedy that tuner could choose; wanted: one line"


def test_that_tuners_line_beats_another_is_nothing_to_tell() -> None:
    files = {ROLE: "net.ipv4.tcp_sack = 0\n", OURS: f"{MARK}net.ipv4.tcp_sack = 1\n"}
    snapshot = host({"tcp_sack": "1"}, files)
    assert "overridden-line" in {it.rule for it in judge(snapshot, policy_of()).single}
    plan = plan_of(snapshot, policy_of())
    assert plan.empty
    assert left(plan, "tcp_sack") == []


def test_make_plan_needs_no_more_than_the_verdict(template: str) -> None:
    snapshot: Snapshot = host({"tcp_sack": "0"}, {ROLE: "net.ipv4.tcp_sack = 0"})
    policy = policy_of()
    plan = make_plan(snapshot, judge(snapshot, policy), policy, template)
    assert plan == plan_of(snapshot, policy)


def test_a_line_that_spoils_another_key_brings_that_ones_line_with_it() -> None:
    """What ip_forward does to redirects: the live value would be lost at the next boot."""
    own = "expect: {net.ipv4.conf.all.accept_redirects: {exactly: '1', why: w, sources: [x]}}"
    policy = policy_of("nat-gateway", profile=f"extends: base\nsummary: x\n{own}\n")
    live = {"ip_forward": "0", "conf.all.accept_redirects": "0"}
    snapshot = host({f"net.ipv4.{key}": value for key, value in live.items()})
    plan = plan_of(snapshot, policy, unsafe=True)
    lines = [line for line in file_of(plan, OURS).splitlines() if line and line[0] != "#"]
    assert lines == ["net.ipv4.ip_forward = 1", "net.ipv4.conf.all.accept_redirects = 1"]
    assert plan_of(after(snapshot, plan), policy, unsafe=True).empty
