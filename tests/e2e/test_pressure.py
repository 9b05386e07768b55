"""Every kind of pressure, made for real on a test host, is found with the right numbers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import test_machine
from tests.fabric.fabric import Fabric, NamespaceHost
from tuner.rules._check import registry
from tuner.rules._finding import Kind

pytestmark = pytest.mark.root

PRESSURE = Path(__file__).with_name("pressure.py").read_text(encoding="utf-8")

# trouble, what the host is set to, rule, severity, what the finding says
TROUBLES: dict[str, tuple[dict[str, str], str, str, str]] = {
    "ports": (
        {"net.ipv4.ip_local_port_range": "40000 40063"},
        "ports-running-out",
        "error",
        "56 of 64 ports from ADDRESS to ADDRESS port 8080 are in use",
    ),
    "time_wait": (
        {},
        "time-wait-overflow",
        "warning",
        "512 entries are not enough",
    ),
    "queue": ({}, "listen-queue-overflow", "error", "is full: it holds 6, and at most 6"),
    "older": ({}, "backlog-older-than-somaxconn", "note", "a backlog of 1,000"),
    "cookies": ({}, "syn-cookies-sent", "warning", "the shortest here is 20, port 8080"),
    "table": ({}, "conntrack-table-full", "warning", " of 262,144 entries, 7"),
    "nat": ({"net.ipv4.ip_forward": "0"}, "conntrack-insert-failed", "warning", "a second now"),
    "half_closed": ({}, "close-wait-pile", "warning", "python"),
    "closing": ({}, "closing-unacknowledged", "note", "250 in FIN-WAIT-1"),
    "stale": ({}, "paws-rejections", "warning", "a second now"),
    "challenge": ({}, "challenge-acks-sent", "warning", "most answered a SYN"),
    "reuse": ({}, "syn-meets-time-wait", "warning", "SYNs met TIME_WAIT entries"),
    "silence": ({}, "syns-unanswered", "warning", "25 connections from ADDRESS to ADDRESS"),
}
NOT_ON_HOSTS = (
    *("sys_module", "sys_rawio", "sys_ptrace", "sys_admin", "sys_boot", "sys_nice", "sys_time"),
    *("mknod", "syslog", "wake_alarm", "bpf", "perfmon"),
)
CHILD_HASH = "net.ipv4.tcp_child_ehash_entries"


@pytest.fixture(scope="module")
def stressed(
    fabric: Fabric, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, dict[str, NamespaceHost]]]:
    """Hosts that are in trouble while the inventory is in use, and one that idles."""
    hosts = {}
    for name, (sysctls, *_) in TROUBLES.items():
        if name == "time_wait":  # a host with a hash of its own has a small default
            fabric.run(["sysctl", "-qw", f"{CHILD_HASH}=1024"])
        hosts[name] = fabric.add(f"p-{name.replace('_', '-')}", sysctls=sysctls, wait=False)
        if name == "time_wait":
            fabric.run(["sysctl", "-qw", f"{CHILD_HASH}=0"])
    hosts["idle"] = fabric.add("p-idle", wait=False)
    hosts["filter"] = fabric.add(
        "p-filter",
        sysctls={"net.ipv4.conf.all.rp_filter": "1", "net.ipv4.conf.eth0.rp_filter": "1"},
        wait=False,
    )
    hosts["filter"].run(["ip", "link", "add", "other", "type", "dummy"])
    hosts["filter"].run(["ip", "addr", "add", "10.99.0.1/16", "dev", "other"])
    hosts["filter"].run(["ip", "link", "set", "other", "up"])
    fabric.wait_for_all(hosts.values())
    with ExitStack() as running:
        for name in TROUBLES:
            running.enter_context(trouble(hosts[name], name, hosts[name].address))
        hosts["older"].run(["sysctl", "-qw", "net.core.somaxconn=100"])
        running.enter_context(
            trouble(hosts["idle"], "spoof", hosts["idle"].address, hosts["filter"].address)
        )
        path = tmp_path_factory.mktemp("pressure") / "inventory.yml"
        yield fabric.inventory(path, hosts.values()), hosts
    for host in hosts.values():
        fabric.stop(host)


@contextmanager
def trouble(host: NamespaceHost, *arguments: str) -> Iterator[None]:
    """Start it among the host's processes and in its network, and end it afterwards."""
    enter = ["nsenter", "-t", str(host.pid), "--net", "--pid", "--"]
    # A process with more capabilities than root has on the host would hide its sockets from it.
    like_root = ["setpriv", "--bounding-set", ",".join(f"-{name}" for name in NOT_ON_HOSTS)]
    program = [*enter, *like_root, sys.executable, "-I", "-c", PRESSURE]
    with subprocess.Popen(
        [*program, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as running:
        assert running.stdout is not None
        said = running.stdout.readline()
        if said != "ready\n":
            pytest.fail(f"{arguments}: {said}{running.communicate()[0]}")
        yield
        running.communicate("", timeout=10)


@pytest.fixture(scope="module")
def findings(cli: Any, stressed: Any) -> dict[str, list[dict[str, Any]]]:
    report = cli.json(stressed[0], code=1)
    return {host["name"]: host["findings"] for host in report["hosts"]}


def of_pressure(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [finding for finding in found if finding["kind"] == Kind.PRESSURE]


@pytest.mark.parametrize("name", TROUBLES)
def test_the_trouble_is_found_with_its_numbers(
    name: str, findings: dict[str, list[dict[str, Any]]], stressed: Any
) -> None:
    _, rule, severity, says = TROUBLES[name]
    found = of_pressure(findings[f"p-{name.replace('_', '-')}"])
    match = [finding for finding in found if finding["rule"] == rule]
    assert match, [(finding["rule"], finding["message"]) for finding in found]
    assert match[0]["severity"] == severity, match[0]
    assert says.replace("ADDRESS", stressed[1][name].address) in match[0]["message"]


def test_peers_that_do_not_close_are_found_as_well(
    findings: dict[str, list[dict[str, Any]]],
) -> None:
    found = {finding["rule"]: finding for finding in of_pressure(findings["p-half-closed"])}
    assert set(found) == {"close-wait-pile", "fin-wait2-pile"}
    assert found["fin-wait2-pile"]["message"].startswith("600 sockets in FIN_WAIT2")
    assert "port 8080" in found["fin-wait2-pile"]["message"]
    assert found["close-wait-pile"]["message"].startswith("600 sockets in CLOSE_WAIT")


def test_every_rule_of_pressure_is_provoked_here_or_on_a_machine() -> None:
    provoked = {rule for _, rule, *_ in TROUBLES.values()} | {"fin-wait2-pile"}
    provoked |= {rule for rule, *_ in test_machine.TROUBLES.values()}
    assert {rule.id for rule in registry().values() if rule.kind is Kind.PRESSURE} <= provoked


def test_packets_that_the_path_filter_drops_are_found(
    findings: dict[str, list[dict[str, Any]]],
) -> None:
    (finding,) = [it for it in findings["p-filter"] if it["rule"] == "rp-filter-strict-multihomed"]
    assert finding["severity"] == "error"
    assert "a second now" in finding["message"]


def test_nothing_is_found_on_an_idle_host(findings: dict[str, list[dict[str, Any]]]) -> None:
    assert of_pressure(findings["p-idle"]) == []


def test_no_trouble_shows_as_another(findings: dict[str, list[dict[str, Any]]]) -> None:
    """Each host has the pressure that was made on it, and what follows from it."""
    follows = {
        "queue": {"syns-unanswered"},
        "half_closed": {"fin-wait2-pile"},
        "closing": {"close-wait-pile"},
    }
    for name, (_, rule, _, _) in TROUBLES.items():
        rules = {it["rule"] for it in of_pressure(findings[f"p-{name.replace('_', '-')}"])}
        assert rules - {rule} <= follows.get(name, set()), (name, rules)
