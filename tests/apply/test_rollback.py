"""Taking changes back: byte for byte, from what each host kept, with the same protection."""

from __future__ import annotations

import os
from concurrent.futures import Future

import pytest

from tests.apply.conftest import (
    DROP_IN,
    MODULES,
    NEW,
    NOW,
    OLD,
    Bench,
    Scene,
    Whole,
    change,
    live_of,
    network_of,
    plan_of,
    settled,
    states,
    until,
    usual,
    usual_plan,
)
from tests.fabric.fabric import Fabric, NamespaceHost
from tuner.plan.plan import FileChange

pytestmark = pytest.mark.root

SCENES: list[Scene] = []
"""Functions that have hosts of their own, and are played side by side."""


def rollback(bench: Bench, host: NamespaceHost, *flags: str, code: int = 0) -> str:
    ended = bench("rollback", bench.inventory([host]), *NOW, *flags)
    assert ended.code == code, ended.err
    return ended.out + ended.err


@SCENES.append
def everything_comes_back_with_mode_owner_and_attributes(fabric: Fabric, bench: Bench) -> None:
    host = usual(fabric, "back")
    path = host.root / DROP_IN[1:]
    path.write_bytes(OLD + b"# \xff\x00 no text\r\n")
    path.chmod(0o640)
    os.chown(path, 33, 34)
    os.setxattr(path, "user.note", b"keep me")
    old = Whole.of(host)
    changed = path.stat().st_mtime_ns
    plan = usual_plan(host, modules=True)
    files = (FileChange(DROP_IN, path.read_bytes(), NEW), plan.files[1])
    assert bench.apply(host, plan_of(host, plan.changes, files)).code == 0
    assert path.read_bytes() == NEW
    assert (path.stat().st_mode & 0o777, path.stat().st_uid, path.stat().st_gid) == (0o640, 33, 34)
    assert os.getxattr(path, "user.note") == b"keep me"
    said = rollback(bench, host)
    assert "net.ipv4.tcp_fin_timeout  30 → 50" in said
    assert f"{MODULES}  is removed" in said
    assert Whole.of(host).differs(old) == ""
    assert path.stat().st_mtime_ns == changed
    assert settled(host)
    said = rollback(bench, host)
    assert "1 unchanged" in said
    assert "it does not remember a change that could be taken back" in said
    fabric.stop(host)


@SCENES.append
def several_changes_are_taken_back_to_one_of_them_and_again(fabric: Fabric, bench: Bench) -> None:
    host = usual(fabric, "chain")
    old = Whole.of(host)
    wholes: list[Whole] = []
    ids: list[str] = []
    texts = [OLD, b"net.ipv4.tcp_sack = 0\n", b"net.ipv4.tcp_sack = 0\n# 3\n", b"# 4\n"]
    changes = [
        [change("net.ipv4.tcp_sack", "1", "0")],
        [change("net.ipv4.tcp_fin_timeout", "50", "30")],
        [change("net.ipv4.tcp_fin_timeout", "30", "20"), change("net.ipv4.tcp_sack", "0", "1")],
    ]
    for before, after, moves in zip(texts, texts[1:], changes, strict=False):
        plan = plan_of(host, moves, [FileChange(DROP_IN, before, after)])
        assert bench.apply(host, plan).code == 0
        wholes.append(Whole.of(host))
        ids += sorted(set(states(host)) - set(ids))
    history = bench("history", bench.inventory([host]))
    assert history.code == 0
    assert [line.split()[0] for line in history.out.splitlines()[1:]] == ids[::-1]
    assert "2 values, 1 file" in history.out
    rollback(bench, host)
    assert Whole.of(host).differs(wholes[1]) == ""
    rollback(bench, host)
    assert Whole.of(host).differs(wholes[0]) == ""
    rollback(bench, host, "--to", ids[0])
    assert Whole.of(host).differs(old) == ""
    told = bench("history", bench.inventory([host])).out
    last = told.splitlines()[1].split()[0]
    rollback(bench, host, "--to", last)  # a rollback can be taken back too
    assert Whole.of(host).differs(wholes[0]) == ""
    said = rollback(bench, host, "--to", "20200101T000000Z-0000")
    assert "it does not remember change 20200101T000000Z-0000" in said
    history = bench("history", bench.inventory([host]))
    assert f"takes back {ids[2]}" in history.out
    fabric.stop(host)


@SCENES.append
def what_the_kernel_changed_along_comes_back_too(fabric: Fabric, bench: Bench) -> None:
    host = usual(fabric, "along")
    own = {"all.accept_redirects": 0, "lo.forwarding": 1, "default.rp_filter": 2}
    for name, value in own.items():
        host.run(["sysctl", "-qw", f"net.ipv4.conf.{name}={value}"])
    old = live_of(host)
    moves = [
        change("net.ipv4.ip_forward", "0", "1"),
        change("net.ipv4.conf.default.rp_filter", "2", "1"),
        change("net.ipv6.conf.all.forwarding", "0", "1"),
    ]
    assert bench.apply(host, plan_of(host, moves)).code == 0
    assert live_of(host) != old
    rollback(bench, host)
    assert live_of(host) == old
    refused = [*moves, change("net.ipv4.tcp_fin_timeout", "50", "never")]
    ended = bench.apply(host, plan_of(host, refused), "--revert-in", "20")
    assert ended.code == 4
    assert "reverted" in ended.err
    assert live_of(host) == old
    fabric.stop(host)


@SCENES.append
def addresses_that_disable_ipv6_took_away_come_back(fabric: Fabric, bench: Bench) -> None:
    host = usual(fabric, "six")
    for command in (
        "addr add fd77::9/64 dev eth0 nodad",
        "addr add fd77::a/64 dev eth0 nodad valid_lft 5000 preferred_lft 4000",
        "route add fd88::/64 via fd77::1 metric 50",
        "route add default via fd77::1",
        "route add unreachable fd99::/64",
    ):
        assert host.run(["ip", "-6", *command.split()]).returncode == 0, command
    plan = plan_of(host, [change("net.ipv6.conf.all.disable_ipv6", "0", "1")])
    before = steady(host)
    assert bench.apply(host, plan).code == 0
    assert network_of(host)[0] == []
    rollback(bench, host)
    until(lambda: steady(host) == before, f"{steady(host)} / {before}", 10)
    fabric.stop(host)


def steady(host: NamespaceHost) -> tuple[set[str], set[str]]:
    """Addresses and routes without what counts down."""
    addresses, routes = network_of(host)
    return (
        {" ".join(line.split()[1:6]) for line in addresses},
        {line.replace(" linkdown", "") for line in routes},
    )


@SCENES.append
def a_file_that_somebody_changed_since_is_left_alone(fabric: Fabric, bench: Bench) -> None:
    host = usual(fabric, "edited")
    assert bench.apply(host, usual_plan(host)).code == 0
    (host.root / DROP_IN[1:]).write_bytes(b"# mine\n")
    before = Whole.of(host)
    said = rollback(bench, host, code=4)
    assert f"{DROP_IN} was changed by somebody else since; nothing was changed" in said
    assert "what it was is in /var/lib/tuner/" in said
    assert Whole.of(host).differs(before) == ""
    (host.root / DROP_IN[1:]).write_bytes(NEW)
    (kept,) = (host.root / "var/lib/tuner").glob("*/old.1")
    kept.write_bytes(b"# damaged\n")
    assert "in the bundle is damaged" in rollback(bench, host, code=4)
    assert (host.root / DROP_IN[1:]).read_bytes() == NEW
    fabric.stop(host)


@SCENES.append
def a_key_that_cannot_be_put_back_is_named_before(fabric: Fabric, bench: Bench) -> None:
    host = usual(fabric, "gone")
    host.run(["ip", "link", "add", "d0", "type", "veth", "peer", "name", "d1"])
    key = "net.ipv4.conf.d0.log_martians"
    moves = [change(key, "0", "1"), change("net.ipv4.tcp_sack", "1", "0")]
    assert bench.apply(host, plan_of(host, moves)).code == 0
    host.run(["ip", "link", "del", "d0"])
    inventory = bench.inventory([host])
    asked = bench("rollback", inventory, "--soak", "0")
    assert asked.code == 2
    assert f"{key} cannot be put back to 0: there is no such key any more" in asked.out
    assert "there is no terminal to ask on" in asked.err
    assert host.sysctl("net.ipv4.tcp_sack") == "0"
    assert bench("rollback", inventory, *NOW).code == 0
    assert host.sysctl("net.ipv4.tcp_sack") == "1"
    fabric.stop(host)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_it(stage: dict[Scene, Future[None]], scene: Scene) -> None:
    stage[scene].result(110)
