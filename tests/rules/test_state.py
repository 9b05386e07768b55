"""The four values of a key make one named state: the whole truth table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tuner.rules._finding import State
from tuner.rules._state import key_states
from tuner.snapshot.snapshot import Missing
from tuner.sysctl.boot import Writer
from tuner.sysctl.files import Entry
from tuner.sysctl.key import Key

KEY = "net.ipv4.tcp_sack"
FILE = "/etc/sysctl.d/50-a.conf"
LATER = "/etc/sysctl.d/99-z.conf"
PROFILE = f"summary: s\nexpect:\n  {KEY}: {{exactly: '1', why: w, sources: [s]}}\n"

TABLE = {
    ("1", "1"): State.COMPLIANT,
    ("1", None): State.COMPLIANT,  # the kernel's default is 1
    ("1", "0"): State.LOST_AT_BOOT,
    ("0", "1"): State.DRIFTED,
    ("0", None): State.DRIFTED,
    ("0", "0"): State.WRONG,
    (Missing.ABSENT, "1"): State.NOT_SETTABLE,
    (Missing.DENIED, "1"): State.UNKNOWN,
}


@pytest.mark.parametrize(("live", "line"), TABLE)
def test_the_truth_table(
    snapshot: Callable[..., Any], policy: Callable[..., Any], live: str | Missing, line: str | None
) -> None:
    files = {FILE: f"{KEY} = {line}\n"} if line else {}
    case = {"live": {} if live is Missing.ABSENT else {KEY: live}, "files": files}
    (state,) = key_states(snapshot(case), policy({"profile": PROFILE}))
    assert state.state is TABLE[live, line]
    assert (state.wanted, str(state.default)) == ("1", "1")


@pytest.mark.parametrize("live", ["0", "1"])
def test_a_line_that_loses_is_named_with_its_winner(
    snapshot: Callable[..., Any], policy: Callable[..., Any], live: str
) -> None:
    case = {"live": {KEY: live}, "files": {FILE: f"{KEY}=1\n", LATER: f"#\n{KEY}=0\n"}}
    (state,) = key_states(snapshot(case), policy({"profile": PROFILE}))
    assert state.state is State.SHADOWED
    assert state.note == f"{FILE}:1 loses to {LATER}:2"


@pytest.mark.parametrize(
    ("files", "state"),
    [
        ({FILE: f"{KEY}=1\n", LATER: f"{KEY}=0\n"}, State.SHADOWED),
        ({LATER: f"{KEY}=0\n"}, State.WRONG),
        ({"/etc/sysctl.conf": f"{KEY}=0\n"}, State.DECIDED_LATER),  # TuneD alone reads it
    ],
)
def test_tuned_applying_the_host_s_files_once_more_decides_nothing_new(
    snapshot: Callable[..., Any],
    policy: Callable[..., Any],
    files: dict[str, str],
    state: State,
) -> None:
    profile = Entry("/etc/tuned/mine/tuned.conf", content=b"[sysctl]\nvm.swappiness=1\n")
    host = replace(snapshot({"live": {KEY: "0"}, "files": files}), profiles=(profile,))
    (found,) = key_states(host, policy({"profile": PROFILE}))
    assert found.state is state


def test_without_files_the_state_is_unknown(
    snapshot: Callable[..., Any], policy: Callable[..., Any]
) -> None:
    (state,) = key_states(
        snapshot({"live": {KEY: "1"}, "files": None}), policy({"profile": PROFILE})
    )
    assert state.state is State.UNKNOWN


FIT = "net.ipv4.tcp_sack = 1\n"


@pytest.mark.parametrize(
    ("files", "note"),
    [
        ({"/etc/sysctl.conf": FIT}, "/etc/sysctl.conf:1 is in a file that boot does not read"),
        (
            {"/usr/lib/sysctl.d/50-a.conf": FIT, FILE: "#\n"},
            f"/usr/lib/sysctl.d/50-a.conf:1 is in a file that is hidden by {FILE}",
        ),
        (
            {"/usr/lib/sysctl.d/50-a.conf": FIT, FILE: ""},
            f"/usr/lib/sysctl.d/50-a.conf:1 is in a file that is masked by {FILE}",
        ),
        ({FILE: f"{FIT}-{KEY}\n"}, f"{FILE}:1 is cancelled by {FILE}:2"),
        (
            {FILE: f"net.ipv4.tcp_sac? = 1\n{KEY} = 0\n"},
            f"{FILE}:1 is a pattern, and yields to {FILE}:2",
        ),
        (
            {FILE: f"#{'x' * (1 << 20)}\n{FIT}"},
            f"{FILE}:2 comes after an error that ends the reading of its file",
        ),
    ],
    ids=["not read", "hidden", "masked", "cancelled", "pattern", "lost"],
)
def test_why_a_line_that_is_right_has_no_effect(
    snapshot: Callable[..., Any], policy: Callable[..., Any], files: dict[str, str], note: str
) -> None:
    wrong = {"cmdline": f"sysctl.{KEY}=0"}
    host = snapshot({"live": {KEY: "0"}, "files": files, **wrong})
    (state,) = key_states(host, policy({"profile": PROFILE}))
    assert (state.state, state.note) == (State.SHADOWED, note)


def test_a_later_writer_is_named_with_the_file_that_shows_it(
    snapshot: Callable[..., Any], policy: Callable[..., Any]
) -> None:
    writer = Writer("tuner-test", "/etc/udev/rules.d/9.rules", 3, (KEY,), "calls sysctl")
    host = replace(snapshot({"live": {KEY: "1"}, "files": {}}), writers=(writer,))
    (state,) = key_states(host, policy({"profile": PROFILE}))
    assert state.state is State.DECIDED_LATER
    assert state.note == "tuner-test calls sysctl (/etc/udev/rules.d/9.rules:3)"


@pytest.mark.parametrize(("value", "expected"), [("0", State.DECIDED_LATER), ("1", State.DRIFTED)])
def test_ufw_decides_later_where_it_is_wrong(
    snapshot: Callable[..., Any], policy: Callable[..., Any], value: str, expected: State
) -> None:
    ufw = Entry("/etc/ufw/sysctl.conf", content=f"net/ipv4/tcp_sack={value}\n".encode())
    host = replace(snapshot({"live": {KEY: "0"}, "files": {FILE: FIT}}), later_files=(ufw,))
    (state,) = key_states(host, policy({"profile": PROFILE}))
    assert state.state is expected
    assert (state.next_boot.path, state.next_boot.line) == ("/etc/ufw/sysctl.conf", 1)


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ({"read_only": ("net",)}, "read-only here"),
        ({"read_only": ("",)}, "read-only here"),
        ({"fixed": frozenset({Key(KEY)})}, "read-only here"),
    ],
)
def test_a_key_that_nobody_may_write(
    snapshot: Callable[..., Any], policy: Callable[..., Any], change: dict[str, Any], note: str
) -> None:
    host = replace(snapshot({"live": {KEY: "0"}, "files": {FILE: FIT}}), **change)
    (state,) = key_states(host, policy({"profile": PROFILE}))
    assert (state.state, state.note) == (State.NOT_SETTABLE, note)
    right = replace(snapshot({"live": {KEY: "1"}, "files": {}}), **change)
    assert key_states(right, policy({"profile": PROFILE}))[0].state is State.COMPLIANT


@pytest.mark.parametrize(
    ("key", "kernel", "container", "note"),
    [
        ("net.ipv4.tcp_tw_recycle", "6.1", "", "Linux 6.1 has no such key"),
        (
            "net.netfilter.nf_conntrack_max",
            "6.1",
            "",
            "the module nf_conntrack is not loaded",
        ),
        (
            "net.core.netdev_max_backlog",
            "6.1",
            "lxc",
            "only the first network namespace has it, and this host is a container",
        ),
        ("net.ipv4.made_up", "6.1", "", "the kernel has no such key here"),
    ],
)
def test_why_a_key_is_absent(
    snapshot: Callable[..., Any],
    policy: Callable[..., Any],
    key: str,
    kernel: str,
    container: str,
    note: str,
) -> None:
    profile = f"summary: s\nexpect:\n  {key}: {{exactly: '1', why: w, sources: [s]}}\n"
    host = snapshot({"live": {}, "files": {}, "kernel": kernel})
    host = replace(host, system=replace(host.system, container=container))
    (state,) = key_states(host, policy({"profile": profile}))
    assert (state.state, state.note) == (State.NOT_SETTABLE, note)


def test_a_module_that_boot_loads_brings_its_keys(
    snapshot: Callable[..., Any], policy: Callable[..., Any]
) -> None:
    key = "net.netfilter.nf_conntrack_max"
    profile = f"summary: s\nexpect:\n  {key}: {{exactly: '9000', why: w, sources: [s]}}\n"
    host = snapshot({"live": {}, "files": {FILE: f"{key} = 9000\n"}})
    modules = (Entry("/etc/modules-load.d/a.conf", content=b"nf_conntrack\n"),)
    (state,) = key_states(replace(host, modules_load=modules), policy({"profile": profile}))
    assert state.state is State.DRIFTED
