"""What to do about what a rule could not see, by where the snapshot comes from and who asked."""

from __future__ import annotations

import pytest

from tuner.policy.policy import Policy
from tuner.rules._check import check, registry
from tuner.rules._unseen import remedy
from tuner.snapshot.snapshot import Missing, Snapshot, Source
from tuner.snapshot.system import System
from tuner.sysctl.key import Key
from tuner.sysctl.version import KernelVersion

FILE = "/etc/sysctl.d/90-secret.conf"


def snapshot(source: Source = Source.PROBE, uid: int = 0) -> Snapshot:
    return Snapshot("web1", KernelVersion(6, 1), source, system=System(uid=uid))


@pytest.mark.parametrize("reason", [FILE, "net.ipv4.tcp_fastopen_key (denied)"])
def test_what_a_login_may_not_read_root_may(reason: str) -> None:
    assert "--become" in remedy(snapshot(uid=1000), reason)
    assert remedy(snapshot(uid=0), reason) == ""


@pytest.mark.parametrize("reason", ["TCP sockets", "net.ipv4.tcp_sack (not a number: x)"])
def test_what_nobody_can_help_has_no_hint(reason: str) -> None:
    assert remedy(snapshot(uid=1000), reason) == ""


@pytest.mark.parametrize("source", [Source.SYSCTL_A, Source.SOSREPORT, Source.ROOT])
def test_a_poor_source_is_named(source: Source) -> None:
    said = remedy(snapshot(source), "kernel counters")
    assert "tuner probe" in said
    assert source.value in said


def test_the_verdict_carries_it() -> None:
    denied = Snapshot(
        "web1",
        KernelVersion(4, 9),
        system=System(uid=1000),
        live={Key("net.ipv4.tcp_tw_recycle"): Missing.DENIED},
    )
    policy = Policy((), frozenset(), {}, {})
    (skipped,) = check(denied, policy, [registry()["tw-recycle"]]).skipped
    assert skipped.reason.endswith("(denied)")
    assert "--become" in skipped.hint
