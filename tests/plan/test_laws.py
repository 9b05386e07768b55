"""The three laws of a plan, over hosts that hypothesis makes up.

Fixed point: carried out once, there is nothing left to do. No unexplained change: each names the
findings that ask for it. Round trip: the file says what was meant, and the simulated boot makes it
win.
"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import strategies as st

from tests.plan.conftest import MARK, TEMPLATE, judge, plan_of, policy_of
from tuner.errors import PolicyError
from tuner.plan import make
from tuner.plan.after import after
from tuner.plan.own import FOLDER, MARKER, is_own
from tuner.plan.plan import Plan
from tuner.plan.render import says
from tuner.plan.saved import read_plan, save_plans
from tuner.plan.seen import stale
from tuner.plan.spelling import same
from tuner.policy.policy import Policy
from tuner.policy.waiver import Waiver
from tuner.rules._boot import next_boot
from tuner.rules._finding import Finding, Origin
from tuner.snapshot.facts import Facts, Known
from tuner.snapshot.snapshot import (
    Counters,
    Flow,
    Listener,
    Missing,
    Snapshot,
    Sockets,
)
from tuner.snapshot.system import Loader, System
from tuner.sysctl.catalog import describe
from tuner.sysctl.files import Entry, Kind, parse_file
from tuner.sysctl.key import Key, key_path, parse_key
from tuner.sysctl.tree import DIRECTORIES
from tuner.sysctl.value import parse_value
from tuner.sysctl.version import KernelVersion, parse_version

VALUES = {
    "net.core.somaxconn": ("128", "1024", "4096", "8192"),
    "net.core.rmem_max": ("212992", "16777216"),
    "net.ipv4.conf.all.accept_redirects": ("0", "1"),
    "net.ipv4.conf.all.forwarding": ("0", "1"),
    "net.ipv4.conf.all.rp_filter": ("0", "1", "2"),
    "net.ipv4.conf.default.rp_filter": ("0", "1", "2"),
    "net.ipv4.conf.eth0.forwarding": ("0", "1"),
    "net.ipv4.conf.eth0/100.rp_filter": ("0", "1", "2"),
    "net.ipv4.ip_forward": ("0", "1"),
    "net.ipv4.ip_local_port_range": ("32768\t60999", "10000 65535", "40000 41000", "1024 65535"),
    "net.ipv4.ip_local_reserved_ports": ("", "8080", "9000-9100,11211"),
    "net.ipv4.ip_unprivileged_port_start": ("1024", "0", "20000"),
    "net.ipv4.neigh.default.gc_thresh1": ("128", "1024"),
    "net.ipv4.neigh.default.gc_thresh3": ("1024", "8192"),
    "net.ipv4.tcp_abort_on_overflow": ("0", "1"),
    "net.ipv4.tcp_congestion_control": ("cubic", "bbr"),
    "net.ipv4.tcp_fin_timeout": ("60", "10", "5", "120"),
    "net.ipv4.tcp_max_tw_buckets": ("262144", "1000", "5000000", "-1"),
    "net.ipv4.tcp_rfc1337": ("0", "1"),
    "net.ipv4.tcp_rmem": ("4096\t131072\t6291456", "4096 87380 16777216", "8192"),
    "net.ipv4.tcp_retries2": ("15", "5", "8"),
    "net.ipv4.tcp_sack": ("0", "1"),
    "net.ipv4.tcp_synack_retries": ("5", "1"),
    "net.ipv4.tcp_syncookies": ("0", "1", "2"),
    "net.ipv4.tcp_timestamps": ("0", "1", "2"),
    "net.ipv4.tcp_tw_recycle": ("0", "1"),
    "net.ipv4.tcp_tw_reuse": ("0", "1", "2"),
    "net.ipv4.tcp_window_scaling": ("0", "1"),
    "net.ipv6.conf.all.forwarding": ("0", "1"),
    "net.ipv6.conf.eth0.forwarding": ("0", "1"),
    "net.netfilter.nf_conntrack_max": ("262144", "30000"),
    "net.netfilter.nf_conntrack_buckets": ("65536", "16384"),
    "net.netfilter.nf_conntrack_tcp_loose": ("0", "1"),
    "net.netfilter.nf_conntrack_tcp_timeout_established": ("432000", "600", "999999"),
    "net.netfilter.nf_conntrack_tcp_timeout_time_wait": ("120", "30"),
    "net.nf_conntrack_max": ("262144", "30000"),
    "fs.file-max": ("9223372036854775807", "65535"),
    "fs.file-nr": ("1000 0 9223372036854775807", "64000\t0\t65535"),
    "net.core.netdev_budget": ("300", "600"),
    "net.core.netdev_max_backlog": ("1000", "250000"),
    "net.core.rmem_default": ("212992", "16777216"),
    "net.ipv4.conf.all.arp_ignore": ("0", "1"),
    "net.ipv4.conf.all.log_martians": ("0", "1"),
    "net.ipv4.icmp_echo_ignore_all": ("0", "1"),
    "net.ipv4.neigh.default.gc_thresh2": ("512", "4096"),
    "net.ipv4.tcp_challenge_ack_limit": ("2147483647", "100"),
    "net.ipv4.tcp_dsack": ("1", "0"),
    "net.ipv4.tcp_ecn": ("2", "1"),
    "net.ipv4.tcp_fastopen": ("1", "3"),
    "net.ipv4.tcp_keepalive_time": ("7200", "30"),
    "net.ipv4.tcp_max_orphans": ("262144", "100", "3276800"),
    "net.ipv4.tcp_max_syn_backlog": ("4096", "65536", "128"),
    "net.ipv4.tcp_mem": ("190000 253000 380000", "94500000 915000000 927000000", "10 20 30"),
    "net.ipv4.tcp_no_metrics_save": ("0", "1"),
    "net.ipv4.tcp_orphan_retries": ("0", "1"),
    "net.ipv4.tcp_slow_start_after_idle": ("1", "0"),
    "net.ipv4.tcp_syn_retries": ("6", "1"),
    "net.ipv4.tcp_wmem": ("4096 16384 4194304", "8388608 8388608 8388608"),
    "net.netfilter.nf_conntrack_count": ("100", "29000"),
    "net.netfilter.nf_conntrack_helper": ("0", "1"),
}
COUNTERS = (
    *("TcpExt.ListenOverflows", "TcpExt.SyncookiesSent", "TcpExt.TCPTimeWaitOverflow"),
    *("TcpExt.TW", "arp_cache.table_fulls", "arp_cache.entries", "conntrack.drop"),
    *("softnet.dropped", "softnet.time_squeeze", "sockstat.TCP.orphan", "Ip.ForwDatagrams"),
)
KEYS = [Key(key) for key in VALUES]
PATTERNS = ("net.ipv4.conf.*.rp_filter", "net.ipv4.tcp_*", "net.ipv4.conf.*.forwarding")
NAMES = ("10-a.conf", "50-role.conf", "90-tuner.conf", "99-local.conf", "99-tuner.conf", "zz.conf")
OTHERS = ("99-zz-tuner.conf", "zzzz.conf", ".hidden.conf", "zz-tuner.conf", "README")
KERNELS = ("3.10.0-1160.el7", "4.9.0", "4.18.0-553.el8", "5.15.0", "6.1.0", "6.18.0")
ROLES = ("base", "client-heavy", "internal-server", "nat-gateway", "public-server")

OWN_WISHES = (
    "net.ipv4.conf.all.rp_filter: {exactly: '1', ",
    "net.ipv4.conf.all.accept_redirects: {exactly: '1', ",
    "net.ipv4.conf.eth0/100.rp_filter: {one_of: ['1', '2'], ",
    "net.ipv4.ip_forward: {exactly: '0', ",
    "net.ipv4.ip_unprivileged_port_start: {at_most: 1024, ",
    "net.ipv4.tcp_rmem: {at_least: [4096, 131072, 16777216], ",
    "net.ipv4.tcp_fin_timeout: {between: [15, 60], ",
    "net.ipv4.tcp_max_tw_buckets: {at_most: 100000, ",
    "net.ipv4.tcp_congestion_control: {one_of: [bbr, cubic], ",
    "net.ipv4.tcp_sack: {default: true, ",
    "net.netfilter.nf_conntrack_max: {at_least: 32768, per_gib: true, ",
    "net.ipv4.neigh.default.gc_thresh1: {at_least: 1024, ",
    "net.ipv4.neigh.default.gc_thresh3: {at_least: 8192, ",
    "net.core.no_such_key: {exactly: '1', required: true, ",
)


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    """Return a file's content, with everything that a file may hold."""
    found = []
    for _ in range(draw(st.integers(0, 4))):
        key = draw(st.sampled_from(KEYS))
        value = draw(st.sampled_from(VALUES[key]))
        kind = draw(st.integers(0, 9))
        if kind == 0:
            found.append(f"-{draw(st.sampled_from(PATTERNS))}")
        elif kind == 1:
            found.append(f"{draw(st.sampled_from(PATTERNS))} = 1")
        elif kind == 2:
            found.append(f"-{key} = {value}")
        elif kind == 3:
            found.append(f"# {key} = {value}")
        elif kind == 4:
            found.append(f"{key_path(key)}={value}  # note")
        elif kind == 5:
            found.append("net.ipv4.tcp_frto_response = 2")
        elif kind == 6:
            found.append(f"{key} {value} \\")
        else:
            found.append(f"{key} = {value}")
    end = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    return "".join(line + end for line in found).encode()


@st.composite
def entries(draw: st.DrawFn) -> tuple[Entry, ...]:
    """Return a host's sysctl files, tuner's own of an earlier policy among them."""
    found: dict[str, Entry] = {}
    for _ in range(draw(st.integers(0, 4))):
        folder = draw(st.sampled_from(("/etc/sysctl.d", *DIRECTORIES)))
        path = f"{folder}/{draw(st.sampled_from((*NAMES, *NAMES, *OTHERS)))}"
        if path.endswith("-tuner.conf") and not path.startswith("/etc/"):
            continue  # what tuner's own file hides comes to light when that goes: a test of its own
        kind = draw(st.integers(0, 19))
        content = draw(lines())
        if path.endswith("-tuner.conf") and draw(st.booleans()):
            content = f"{MARKER}\n".encode() + content
        match kind:
            case 0:
                found[path] = Entry(path, Kind.OTHER, target="/dev/null")
            case 1:
                found[path] = Entry(path, Kind.DANGLING, target="gone")
            case 2:
                found[path] = Entry(path, Kind.DIRECTORY)
            case 3 if draw(st.booleans()):
                found[path] = Entry(path, Kind.UNREADABLE)
            case _:
                found[path] = Entry(path, content=content)
    if draw(st.booleans()):
        content = draw(lines())
        found["/etc/sysctl.conf"] = Entry("/etc/sysctl.conf", content=content)
        if draw(st.booleans()):
            link = "/etc/sysctl.d/99-sysctl.conf"
            found[link] = Entry(link, content=content, target="../sysctl.conf")
    return tuple(found.values())


def deviations() -> st.SearchStrategy[tuple[Key, str | Missing | None]]:
    """Return what one key of a host may be instead; None for no such key."""
    usual = [(Key(key), value) for key, values in VALUES.items() for value in values[1:]]
    odd = [(key, value) for key in KEYS for value in (None, Missing.DENIED)]
    return st.one_of(st.sampled_from(usual), st.sampled_from(usual), st.sampled_from(odd))


def _is_in(key: Key, kernel: KernelVersion) -> bool:
    parameter = describe(key)
    return parameter is None or parameter.present_in(kernel)


@st.composite
def hosts(draw: st.DrawFn) -> Snapshot:
    kernel = parse_version(draw(st.sampled_from(KERNELS)))
    live: dict[Key, str | Missing] = {key: VALUES[key][0] for key in KEYS if _is_in(key, kernel)}
    for key, value in draw(st.lists(deviations(), max_size=8)):
        if value is None:
            live.pop(key, None)
        elif _is_in(key, kernel):
            live[key] = value
    for one, other in (
        ("net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding"),
        ("net.netfilter.nf_conntrack_max", "net.nf_conntrack_max"),
    ):
        if Key(one) in live:
            live[Key(other)] = live[Key(one)]
    later = {}
    if draw(st.integers(0, 3)) == 0:
        later["/etc/ufw/sysctl.conf"] = draw(lines())
    listeners = tuple(
        Listener("10.0.0.1", port, *draw(st.sampled_from(((0, 128), (130, 128), (0, 9000)))))
        for port in draw(st.sets(st.sampled_from((80, 11211, 8080))))
    )
    flows = (
        (Flow("TIME-WAIT", "10.0.0.1", 0, "10.0.0.2", 5432, 1000),) if draw(st.booleans()) else ()
    )
    sockets = Sockets({"ESTAB": 3}, listeners, flows)
    counted = draw(
        st.dictionaries(
            st.sampled_from(COUNTERS), st.sampled_from(((3, 0.0), (100_000, 5.0))), max_size=3
        )
    )
    counters = Counters(
        {name: total for name, (total, _) in counted.items()},
        {name: rate for name, (_, rate) in counted.items()},
        1.0,
    )
    return Snapshot(
        host="h1",
        kernel=kernel,
        system=System(
            memory=draw(st.sampled_from((0, 1 << 30, 16 << 30))),
            uptime=draw(st.sampled_from((0.0, 100000.0))),
            init=draw(st.sampled_from(("systemd", "openrc"))),
            container=draw(st.sampled_from(("", "", "", "lxc"))),
            loaders=draw(
                st.sampled_from(
                    ((), (Loader("systemd-sysctl"), Loader("procps")), (Loader("busybox"),))
                )
            ),
        ),
        live=live,
        files=draw(st.one_of(entries(), entries(), entries(), st.none())),
        later_files=tuple(Entry(path, content=text) for path, text in later.items()),
        modules_load=tuple(
            Entry(path, content=content)
            for path, content in (
                ("/etc/modules-load.d/x.conf", b"nf_conntrack\n"),
                ("/etc/modules-load.d/tuner.conf", MARK.encode() + b"nf_conntrack\n"),
            )
            if draw(st.integers(0, 3)) == 0
        ),
        cmdline=draw(st.sampled_from(("ro quiet", "sysctl.net.core.somaxconn=128"))),
        counters=draw(st.sampled_from((None, counters))),
        sockets=draw(st.sampled_from((None, sockets))),
        facts=Facts(nat=draw(st.sampled_from(list(Known)))),
    )


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    roles = draw(st.lists(st.sampled_from(ROLES), max_size=2, unique=True))
    wishes = draw(st.lists(st.sampled_from(OWN_WISHES), max_size=4, unique=True))
    profile = ""
    if wishes:
        rows = "".join(f"  {wish}why: because, sources: [x]}}\n" for wish in wishes)
        profile = f"expect:\n{rows}"
    try:
        return policy_of(*roles, profile=profile)
    except PolicyError:
        reject()


@st.composite
def waivers(draw: st.DrawFn) -> list[Waiver]:
    return [
        Waiver(rule=rule, key=key, reason="known", owner="ops", until=date(2027, 1, 1))
        for rule, key in draw(
            st.lists(
                st.tuples(
                    st.sampled_from(("drift", "boot-drift", "tw-buckets-low")),
                    st.sampled_from((*KEYS[:4], *KEYS[9:20], None)),
                ),
                max_size=2,
            )
        )
    ]


OPTIONS = st.fixed_dictionaries({"unsafe": st.booleans(), "edit_others": st.booleans()})
QUICK = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.filter_too_much,
    ],
)


def hold(snapshot: Snapshot, policy: Policy, known: list[Waiver], options: dict[str, Any]) -> None:
    plan = plan_of(snapshot, policy, waivers=known, **options)
    check_fixed_point(snapshot, plan, policy, known, options)
    check_explained(snapshot, plan, policy, known, options)
    check_round_trip(snapshot, plan)
    check_saved(snapshot, plan)


def check_fixed_point(
    snapshot: Snapshot,
    plan: Plan,
    policy: Policy,
    known: list[Waiver],
    options: dict[str, Any],
) -> None:
    then = after(snapshot, plan)
    again = plan_of(then, policy, waivers=known, **options)
    assert again.empty, (plan, again)


def check_explained(
    snapshot: Snapshot, plan: Plan, policy: Policy, known: list[Waiver], options: dict[str, Any]
) -> None:
    found = {(it.rule, it.key) for it in judged(snapshot, policy, known, options)}
    rules = {rule for rule, _ in found}
    for change in plan.changes:
        assert change.because
        assert change.why
        assert change.write or not same(change.boot_before, change.after)
        if change.write and same(change.live_before, change.after):
            assert set(change.because) <= rules  # keeps what another change would spoil
        else:
            assert all((rule, change.key) in found for rule in change.because), change


def judged(
    snapshot: Snapshot, policy: Policy, known: list[Waiver], options: dict[str, Any]
) -> list[Finding]:
    """Return the findings of the verdict, and those that its remedies bring up in turn."""
    verdict = judge(snapshot, policy, known)
    given = make._Options(policy, TEMPLATE, "", tuple(known), **options)
    for _ in range(make._ROUNDS):
        then = after(snapshot, make._plan(snapshot, verdict, given))
        more = make._brought_up(then, verdict, given)
        verdict = replace(verdict, findings=(*verdict.findings, *more))
    return list(verdict.single)


def check_round_trip(snapshot: Snapshot, plan: Plan) -> None:
    then = after(snapshot, plan)
    own = [it for it in then.files or () if is_own(it)]
    if snapshot.files is None:
        own = [
            Entry(it.path, content=it.after)
            for it in plan.files
            if it.after and it.path.startswith(FOLDER)
        ]
    assert len(own) <= 1
    said = dict(says(own[0].content)) if own else {}
    lost = {it.key for it in plan.cannot_win}
    for key, value in said.items():
        assert value is not None
        assert key in lost or same(next_boot(then, key).value, parse_value(" ".join(value)))
    for change in plan.changes:
        boot = next_boot(then, change.key)
        if change.key in lost or boot.origin in {Origin.UNKNOWN, Origin.UNSET}:
            continue
        kept = change.write and same(change.live_before, change.after)
        assert kept or same(boot.value, change.after), (change, boot)
    for file in plan.files:
        assert file.before != file.after
        if file.foreign:
            assert file.before
            continue
        assert "tuner" in file.path
        if file.after is not None and file.path.startswith(FOLDER):
            text = file.after.decode()
            assert [it.value for it in parse_file(file.path, file.after).settings] == [
                line.partition(" = ")[2] for line in text.splitlines() if line and line[0] != "#"
            ]


def check_saved(snapshot: Snapshot, plan: Plan) -> None:
    text = save_plans([plan])
    assert read_plan(text) == (plan,)
    assert save_plans(read_plan(text)) == text
    assert stale(plan, snapshot) == ()
    if not plan.empty and snapshot.files is not None:
        assert stale(plan, after(snapshot, plan))


@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@QUICK
@given(hosts(), policies(), waivers(), OPTIONS)
def test_the_laws_hold(
    snapshot: Snapshot, policy: Policy, known: list[Waiver], options: dict[str, Any]
) -> None:
    hold(snapshot, policy, known, options)


@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@pytest.mark.long
@pytest.mark.timeout(0)
@pytest.mark.skipif("TUNER_LAWS" not in os.environ, reason="make laws runs it")
def test_the_laws_hold_for_long() -> None:
    examples = int(os.environ["TUNER_LAWS"])
    often = settings(QUICK, max_examples=examples, derandomize=False, database=None)
    often(given(hosts(), policies(), waivers(), OPTIONS)(hold))()


def test_keys_of_the_laws_are_keys() -> None:
    assert [parse_key(key) for key in VALUES] == KEYS
