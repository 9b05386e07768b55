"""Hosts that put themselves back when their time is up, whatever became of the controller."""

from __future__ import annotations

import time
from concurrent.futures import Future
from pathlib import Path

import pytest

from tests.apply.conftest import (
    NOW,
    PATIENCE,
    Bench,
    Scene,
    Whole,
    change,
    network_of,
    plan_of,
    plans_of,
    settled,
    states,
    until,
    usual,
    usual_plan,
    wait_at,
)
from tests.fabric.fabric import Fabric, NamespaceHost
from tuner.apply.journal import read_runs

pytestmark = pytest.mark.root

REVERT_IN = 8
KEY = "net.ipv4.tcp_fin_timeout"


# --- a change that cuts the very path it came by


def control(fabric: Fabric, command: str) -> None:
    done = fabric.run(["ip", *command.split()])
    assert done.returncode == 0, done.stderr


def inside(host: NamespaceHost, command: str) -> None:
    done = host.run(["ip", *command.split()])
    assert done.returncode == 0, done.stderr


def call(fabric: Fabric, host: NamespaceHost, address: str) -> None:
    """Let the inventory reach a host by another address."""
    key = fabric.host_key.with_suffix(".pub").read_text().split()
    with fabric.known_hosts.open("a") as file:
        file.write(f"{address} {key[0]} {key[1]}\n")
    host.variables["ansible_host"] = address


def cut_ipv6(fabric: Fabric, bench: Bench) -> None:
    """A host that is managed over IPv6 alone, by an address that nobody gives it again."""
    host = usual(fabric, "six-only")
    control(fabric, "-6 addr add fd77::1/64 dev br0 nodad")
    inside(host, "-6 addr add fd77::66/64 dev eth0 nodad")
    inside(host, "-6 route add default via fd77::1")
    call(fabric, host, "fd77::66")
    cut_and_come_back(fabric, bench, host, "net.ipv6.conf.all.disable_ipv6", "0", "1")


def cut_by_rp_filter(fabric: Fabric, bench: Bench) -> None:
    """A host that hears its manager on one interface and answers by another."""
    host = usual(fabric, "two-ways")
    control(fabric, f"link add way2 type veth peer name eth1 netns {host.pid}")
    control(fabric, "link set way2 up")
    inside(host, "addr add 10.99.0.5/32 dev eth1")
    inside(host, "link set eth1 up")
    mac = host.run(["ip", "-o", "link", "show", "eth1"]).stdout.split("ether ")[1].split()[0]
    control(fabric, "route add 10.99.0.5/32 dev way2 src 10.77.0.1")
    control(fabric, f"neigh add 10.99.0.5 lladdr {mac} dev way2 nud permanent")
    call(fabric, host, "10.99.0.5")
    cut_and_come_back(fabric, bench, host, "net.ipv4.conf.all.rp_filter", "0", "1")


def cut_and_come_back(
    fabric: Fabric, bench: Bench, host: NamespaceHost, key: str, before: str, after: str
) -> None:
    inventory = bench.inventory([host], {host.name: plan_of(host, [change(key, before, after)])})
    assert bench("history", inventory, *PATIENCE).code == 0, "it is not reachable to begin with"
    old, network = Whole.of(host), network_of(host)
    flags = ["--revert-in", str(REVERT_IN), "--timeout", "8", "--connect-timeout", "8"]
    controller = bench.start("apply", inventory, "--yes", "--soak", "0", *flags)
    until(lambda: host.sysctl(key) == after, "it was not written")
    cut = time.monotonic()
    asked = bench("history", inventory, "--connect-timeout", "2")
    assert asked.code == 3, "it can still be reached"
    until(lambda: host.sysctl(key) == before, "it was not put back", REVERT_IN + 20)
    back = time.monotonic() - cut
    ended = controller.wait()
    assert ended.code == 4
    assert f"{host.name}: reverted: " in ended.err, ended.err
    assert bench("history", inventory, *PATIENCE).code == 0, "it cannot be reached any more"
    assert settled(host)
    assert Whole.of(host).differs(old) == ""
    assert addresses(network_of(host)) == addresses(network)
    assert back < REVERT_IN + 15
    fabric.stop(host)


def addresses(network: tuple[list[str], list[str]]) -> tuple[list[str], list[str]]:
    return sorted(" ".join(line.split()[1:4]) for line in network[0]), network[1]


# --- a controller that ends in the middle


def pair(fabric: Fabric, name: str) -> list[NamespaceHost]:
    return [fabric.add(f"{name}-1"), fabric.add(f"{name}-2")]


def values(hosts: list[NamespaceHost]) -> str:
    return " ".join(host.sysctl(KEY) for host in hosts)


def interrupt_twice(fabric: Fabric, bench: Bench) -> None:
    """Ctrl-C, and again before the batch is done."""
    hosts = pair(fabric, "twice")
    home = bench.place()
    inventory = bench.inventory(hosts, plans_of(hosts))
    spot = wait_at(hosts[0], "read")
    flags = ("--serial", "1", "--revert-in", "6")
    controller = bench.start("apply", inventory, *NOW, *flags, waits=True, home=home)
    until(Path(f"{spot}.reached").exists, "it did not begin")
    assert values(hosts) == "30 60"
    controller.interrupt()
    until(lambda: "stopping after this batch" in controller.err, "it did not hear")
    controller.interrupt()
    started = time.monotonic()
    ended = controller.wait()
    assert time.monotonic() - started < 4
    assert ended.code == 130
    assert "under way: twice-1; what nobody confirms puts itself back within 6 s" in ended.err
    assert "1 open, 1 not begun" in ended.out
    until(lambda: settled(hosts[0]), "it was not put back", 40)
    assert values(hosts) == "60 60"
    (run,) = read_runs(home / "state/tuner/journal.jsonl")
    assert run.open == ("twice-1",)
    spot.unlink()
    again = bench("apply", inventory, *NOW, "--resume", home=home)
    assert again.code == 0, again.err
    assert values(hosts) == "30 30"
    for host in hosts:
        fabric.stop(host)


def kill_the_controller(fabric: Fabric, bench: Bench) -> None:
    """The journal of a run that was killed knows every host, and status asks them."""
    hosts = pair(fabric, "killed")
    home = bench.place()
    inventory = bench.inventory(hosts, plans_of(hosts))
    spots = [wait_at(hosts[0], "seal"), wait_at(hosts[1], "write-1")]
    flags = ("--revert-in", "8")
    controller = bench.start("apply", inventory, *NOW, *flags, waits=True, home=home)
    for spot in spots:
        until(Path(f"{spot}.reached").exists, "it did not begin")
    early = bench("apply", inventory, *NOW, "--resume", home=home)
    assert early.code == 2
    assert "is still at work, as process" in early.err
    controller.kill()
    (run,) = read_runs(home / "state/tuner/journal.jsonl")
    assert not run.ended
    stages = {name: run.hosts[name].stage for name in run.open}
    assert stages == {"killed-1": "confirm", "killed-2": "begin"}
    status = bench("status", inventory, home=home)
    assert status.code == 4
    assert "0 of 2 hosts done; it did not come to its own end" in status.out
    assert f"killed-1 : {run.id} is committing" in status.out
    assert "(journal: confirm, end unknown)" in status.out
    for spot in spots:
        spot.unlink()
    until(lambda: all(map(settled, hosts)), "not settled", 40)
    assert values(hosts) == "30 60"
    status = bench("status", inventory, home=home)
    assert status.code == 0
    assert "killed-1 : confirmed" in status.out
    assert "killed-2 : reverted" in status.out
    again = bench("apply", inventory, *NOW, "--resume", home=home)
    assert again.code == 0, again.err
    assert values(hosts) == "30 30"
    assert len(states(hosts[0])) == 1, "a host that was done was changed again"
    for host in hosts:
        fabric.stop(host)


def roll_back_unconfirmed(fabric: Fabric, bench: Bench) -> None:
    """A rollback that nobody confirms is itself put back."""
    host = usual(fabric, "back-and-forth")
    assert bench.apply(host, usual_plan(host)).code == 0
    new = Whole.of(host)
    spot = wait_at(host, "claim")
    inventory = bench.inventory([host])
    controller = bench.start("rollback", inventory, *NOW, "--revert-in", "5", waits=True)
    until(Path(f"{spot}.reached").exists, "it did not begin")
    assert host.sysctl(KEY) == "50"
    controller.kill()
    until(lambda: settled(host), "it was not put back", 60)
    spot.unlink()
    assert Whole.of(host).differs(new) == ""
    fabric.stop(host)


SCENES: list[Scene] = [
    cut_ipv6,
    cut_by_rp_filter,
    interrupt_twice,
    kill_the_controller,
    roll_back_unconfirmed,
]


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_it_is_put_back_in_time(stage: dict[Scene, Future[None]], scene: Scene) -> None:
    stage[scene].result(110)
