"""A change that cuts the very path it came by: the host is reachable again within its time."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.apply.conftest import Bench, Whole, change, network_of, plan_of, settled, until, usual
from tests.fabric.fabric import Fabric, NamespaceHost

pytestmark = pytest.mark.root

REVERT_IN = 8


def control(fabric: Fabric, command: str) -> None:
    done = fabric.run(["ip", *command.split()])
    assert done.returncode == 0 or "File exists" in done.stderr, done.stderr


def inside(host: NamespaceHost, command: str) -> None:
    done = host.run(["ip", *command.split()])
    assert done.returncode == 0, done.stderr


def call(fabric: Fabric, host: NamespaceHost, address: str) -> None:
    """Let the inventory reach a host by another address."""
    key = fabric.host_key.with_suffix(".pub").read_text().split()
    with fabric.known_hosts.open("a") as file:
        file.write(f"{address} {key[0]} {key[1]}\n")
    host.variables["ansible_host"] = address


@pytest.fixture
def by_ipv6(fabric: Fabric) -> Iterator[NamespaceHost]:
    """A host that is managed over IPv6 alone, by an address that nobody gives it again."""
    host = usual(fabric, "six-only")
    control(fabric, "-6 addr add fd77::1/64 dev br0 nodad")
    inside(host, "-6 addr add fd77::66/64 dev eth0 nodad")
    inside(host, "-6 route add default via fd77::1")
    call(fabric, host, "fd77::66")
    yield host
    fabric.stop(host)


@pytest.fixture
def asymmetric(fabric: Fabric) -> Iterator[NamespaceHost]:
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
    yield host
    fabric.stop(host)


def cut_and_come_back(
    fabric: Fabric, bench: Bench, host: NamespaceHost, key: str, before: str, after: str
) -> None:
    inventory = bench.inventory([host], {host.name: plan_of(host, [change(key, before, after)])})
    assert bench("history", inventory).code == 0, "it is not reachable to begin with"
    old, network = Whole.of(host), network_of(host)
    flags = ["--revert-in", str(REVERT_IN), "--timeout", "5", "--connect-timeout", "2"]
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
    assert bench("history", inventory).code == 0, "it cannot be reached any more"
    assert settled(host)
    assert Whole.of(host).differs(old) == ""
    assert addresses(network_of(host)) == addresses(network)
    assert back < REVERT_IN + 15


def addresses(network: tuple[list[str], list[str]]) -> tuple[list[str], list[str]]:
    return sorted(" ".join(line.split()[1:4]) for line in network[0]), network[1]


def test_ipv6_is_switched_off_on_a_host_that_is_managed_over_it(
    fabric: Fabric, bench: Bench, by_ipv6: NamespaceHost
) -> None:
    cut_and_come_back(fabric, bench, by_ipv6, "net.ipv6.conf.all.disable_ipv6", "0", "1")


def test_a_strict_rp_filter_on_an_asymmetric_way(
    fabric: Fabric, bench: Bench, asymmetric: NamespaceHost
) -> None:
    cut_and_come_back(fabric, bench, asymmetric, "net.ipv4.conf.all.rp_filter", "0", "1")
