"""The four values of a key make one named state: the whole truth table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tuner.rules._finding import State
from tuner.rules._state import key_states
from tuner.snapshot.snapshot import Missing

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


def test_without_files_the_state_is_unknown(
    snapshot: Callable[..., Any], policy: Callable[..., Any]
) -> None:
    (state,) = key_states(
        snapshot({"live": {KEY: "1"}, "files": None}), policy({"profile": PROFILE})
    )
    assert state.state is State.UNKNOWN
