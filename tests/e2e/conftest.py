"""A fleet with planted faults, and the command line run from where its hosts are reachable."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.fabric.fabric import Fabric, NamespaceHost, TimeWait, User

CHECKOUT = Path(__file__).resolve().parent.parent.parent
NOPASSWD = "ops ALL=(ALL) NOPASSWD: ALL\n"

Fault = tuple[str, str, str | None]  # host, rule, key


def settings(values: Mapping[str, str]) -> dict[str, str]:
    """The file that makes these values last."""
    return {
        "/etc/sysctl.d/50-role.conf": "".join(f"{key} = {value}\n" for key, value in values.items())
    }


@dataclass
class Cli:
    """tuner as a subprocess in the control namespace."""

    fabric: Fabric
    home: Path

    def command(self, *arguments: str | Path) -> list[str]:
        return self.fabric.command([sys.executable, "-m", "tuner", *arguments])

    def environment(self, **more: str) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "PYTHONPATH": str(CHECKOUT),
            **more,
        }

    def __call__(
        self, *arguments: str | Path, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.home,
            env=self.environment(**environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def json(self, *arguments: str | Path, code: int) -> dict[str, Any]:
        done = self("audit", *arguments, "--format", "json")
        assert done.returncode == code, (done.returncode, done.stderr, done.stdout[:3000])
        report: dict[str, Any] = json.loads(done.stdout)
        return report


@dataclass
class Fleet:
    """Hosts, and everything that is wrong with them."""

    fabric: Fabric
    inventory: Path
    hosts: list[NamespaceHost] = field(default_factory=list)
    planted: set[Fault] = field(default_factory=set)

    def plant(
        self,
        name: str,
        role: str,
        *faults: tuple[str, str | None],
        live: Mapping[str, str] | None = None,
        boot: Mapping[str, str] | None = None,
        facts: Mapping[str, str] | None = None,
        **options: Any,
    ) -> None:
        """Add a host; ``boot`` None: its files say what is live."""
        values = live or {}
        variables: dict[str, Any] = {"tuner_roles": [role]}
        if facts:
            variables["tuner_facts"] = dict(facts)
        variables |= options.pop("variables", {})
        files = settings(values if boot is None else boot) | options.pop("files", {})
        host = self.fabric.add(
            name, sysctls=values, files=files, variables=variables, wait=False, **options
        )
        self.hosts.append(host)
        self.planted |= {(name, rule, key) for rule, key in faults}


def found(report: Mapping[str, Any]) -> set[Fault]:
    return {
        (host["name"], finding["rule"], finding["key"])
        for host in report["hosts"]
        for finding in host["findings"]
    }


@pytest.fixture(scope="session")
def cli(fabric: Fabric, tmp_path_factory: pytest.TempPathFactory) -> Cli:
    return Cli(fabric, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def faults() -> Callable[[Mapping[str, Any]], set[Fault]]:
    return found


@pytest.fixture(scope="session")
def fleet(fabric: Fabric, tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    """Nineteen hosts in four roles; five of them have nothing wrong."""
    fleet = Fleet(fabric, tmp_path_factory.mktemp("fleet") / "inventory.yml")
    _plant_servers(fleet)
    _plant_clients(fleet)
    _plant_gateways(fleet)
    fabric.wait_for_all(fleet.hosts)
    fabric.inventory(fleet.inventory, fleet.hosts)
    return fleet


def _plant_servers(fleet: Fleet) -> None:
    public, internal = "public-server", "internal-server"
    ops: dict[str, Any] = {
        "users": [User("ops")],
        "user": "ops",
        "sudoers": NOPASSWD,
        "variables": {"ansible_become": True},
    }
    fleet.plant("web1", public)
    fleet.plant("web2", public, live={"net.core.somaxconn": "8192"}, listeners=[443], backlog=8192)
    fleet.plant(
        "web3",
        public,
        ("tw-reuse-on-server", "net.ipv4.tcp_tw_reuse"),
        live={"net.ipv4.tcp_tw_reuse": "1"},
        listeners=[8080],
        time_wait=[TimeWait(20)],
    )
    fleet.plant(
        "web4",
        public,
        ("rfc1337-behind-nat", "net.ipv4.tcp_rfc1337"),
        live={"net.ipv4.tcp_rfc1337": "1"},
        facts={"nat": "yes"},
    )
    fleet.plant(
        "web5",
        public,
        ("lowers-default", "net.core.somaxconn"),
        live={"net.core.somaxconn": "128"},
    )
    fleet.plant(
        "web6",
        public,
        ("tw-recycle", "net.ipv4.tcp_tw_recycle"),
        ("removed-key", "net.ipv4.tcp_frto_response"),
        boot={"net.ipv4.tcp_tw_recycle": "1", "net.ipv4.tcp_frto_response": "2"},
    )
    fleet.plant("db1", internal, live={"net.core.somaxconn": "8192"}, **ops)
    fleet.plant(
        "db2",
        internal,
        ("tw-buckets-low", "net.ipv4.tcp_max_tw_buckets"),
        live={"net.ipv4.tcp_max_tw_buckets": "1000"},
        **ops,
    )
    fleet.plant(
        "db3",
        internal,
        ("tw-buckets-huge", "net.ipv4.tcp_max_tw_buckets"),
        live={"net.ipv4.tcp_max_tw_buckets": "5000000"},
    )
    fleet.plant("db4", internal, ("sack-off", "net.ipv4.tcp_sack"), boot={"net.ipv4.tcp_sack": "0"})


def _plant_clients(fleet: Fleet) -> None:
    role = "client-heavy"
    good = {"net.ipv4.tcp_tw_reuse": "1", "net.ipv4.ip_local_port_range": "10000 65535"}
    fleet.plant("app1", role, live=good)
    fleet.plant(
        "app2",
        role,
        ("boot-drift", "net.ipv4.tcp_tw_reuse"),
        live=good,
        boot={"net.ipv4.ip_local_port_range": "10000 65535"},
    )
    fleet.plant(
        "app3",
        role,
        ("timestamps-off", "net.ipv4.tcp_timestamps"),
        live={**good, "net.ipv4.tcp_timestamps": "0"},
    )
    fleet.plant(
        "app4",
        role,
        ("port-range-narrow", "net.ipv4.ip_local_port_range"),
        live={**good, "net.ipv4.ip_local_port_range": "40000 41000"},
    )
    fleet.plant(
        "app5",
        role,
        ("port-range-swallows-listeners", "net.ipv4.ip_local_reserved_ports"),
        live=good,
        listeners=[11211],
    )
    fleet.plant(
        "app6",
        role,
        ("fin-timeout-time-wait", "net.ipv4.tcp_fin_timeout"),
        live={**good, "net.ipv4.tcp_fin_timeout": "5"},
    )


def _plant_gateways(fleet: Fleet) -> None:
    # Asking for conntrack in one namespace is what loads its module, where that is not done yet.
    table = "table inet fabric { chain c { ct state invalid drop; }; }"
    fleet.fabric.run(["nft", table])
    role = "nat-gateway"
    good = {"net.ipv4.ip_forward": "1"}
    quarantine = "net.netfilter.nf_conntrack_tcp_timeout_time_wait"
    fleet.plant("gw1", role, live=good)
    fleet.plant("gw2", role, ("nat-quarantine-short", quarantine), live={**good, quarantine: "30"})
    fleet.plant("gw3", role, ("drift", "net.ipv4.ip_forward"), live={"net.ipv4.ip_forward": "0"})
