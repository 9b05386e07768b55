"""One change on real hosts: every ending that it can have, and that each is whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.apply.conftest import (
    DROP_IN,
    NEW,
    OLD,
    Bench,
    Whole,
    change,
    live_of,
    plan_of,
    settled,
    states,
    until,
    usual,
    usual_plan,
)
from tests.fabric.fabric import Fabric
from tuner.plan.plan import FileChange

pytestmark = pytest.mark.root


def test_a_change_is_whole_confirmed_and_stays_after_the_real_loader(
    fabric: Fabric, bench: Bench
) -> None:
    host = usual(fabric, "confirmed")
    before = live_of(host)
    ended = bench.apply(host, usual_plan(host, modules=True))
    assert ended.code == 0, ended.err
    assert "confirmed: confirmed" in ended.err
    assert "1 host: 0 unchanged, 1 confirmed, 0 reverted, 0 failed, 0 unreachable" in ended.out
    assert (host.root / DROP_IN[1:]).read_bytes() == NEW
    after = live_of(host)
    wanted = {"ip_forward": "1", "tcp_fin_timeout": "30", "tcp_rmem": "4096\t87380\t5000000"}
    for name, value in wanted.items():
        assert after[f"/proc/sys/net/ipv4/{name}"] == value
    moved = {path for path in before if before[path] != after[path]}
    along = {it for it in moved if it.endswith(("/forwarding", "/accept_redirects"))}
    assert {path.rpartition("/")[2] for path in moved - along} == set(wanted)
    assert list(states(host).values()) == ["confirmed"]
    assert settled(host)
    assert sorted(it.name for it in (host.root / "etc/sysctl.d").iterdir()) == ["90-tuner.conf"]
    host.run(["sysctl", "-q", "--system"])
    host.run(["/lib/systemd/systemd-sysctl"])
    assert live_of(host) == after
    fabric.stop(host)
