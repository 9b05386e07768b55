"""A plan of real hosts changes nothing; carried out by hand, it holds against the real loaders."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.fabric.fabric import Fabric, NamespaceHost, User
from tuner.plan.plan import Plan
from tuner.plan.saved import read_plan
from tuner.sysctl.key import key_path
from tuner.sysctl.value import parse_value

pytestmark = pytest.mark.root

STATE = """
find /etc /run /tmp /root /usr/lib/sysctl.d /usr/local/lib -xdev \
  -printf '%p %y %m %U %G %s %T@ %C@ %l\\n' | sort
find /etc /run /tmp /root /usr/lib/sysctl.d /usr/local/lib -xdev -type f \
  -exec sha256sum {} + | sort
"""
VALUES = "find /proc/sys/net -type f ! -name flush -exec grep -aH '' {} + 2>/dev/null | sort"
MOVING = "nf_conntrack_count"
LOADERS = (["/usr/lib/systemd/systemd-sysctl"], ["sysctl", "--system"])
ROLE = "/etc/sysctl.d/50-role.conf"


def state(host: NamespaceHost) -> tuple[list[str], list[str]]:
    """Everything on a host that a change would show in."""
    listing = host.run(["sh", "-c", STATE]).stdout.splitlines()
    values = host.run(["sh", "-c", VALUES]).stdout.splitlines()
    assert len(listing) > 300
    assert len(values) > 300
    return listing, [line for line in values if MOVING not in line]


@pytest.fixture(scope="module")
def hosts(fabric: Fabric, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Any]]:
    """Four hosts that want something done, each in the way of another file."""
    sack = "net.ipv4.tcp_sack = 0\nnet.core.somaxconn = 128\n"
    made = [
        fabric.add(
            "plan-web",
            sysctls={"net.ipv4.tcp_sack": "0", "net.core.somaxconn": "128"},
            files={
                ROLE: "# old\nnet.ipv4.tcp_tw_recycle = 1\n" + sack,
                "/etc/sysctl.d/99-zoo.conf": "net.core.somaxconn = 256\n",
                "/usr/lib/sysctl.d/50-default.conf": "net.ipv4.tcp_sack = 0\n",
            },
            variables={"tuner_roles": ["public-server"]},
        ),
        fabric.add(
            "plan-app",
            sysctls={"net.ipv4.tcp_fin_timeout": "5"},
            files={ROLE: "net.ipv4.tcp_fin_timeout = 5\n"},
            listeners=[25000],
            users=[User("ops")],
            user="ops",
            sudoers="ops ALL=(ALL) NOPASSWD: ALL\n",
            variables={"tuner_roles": ["client-heavy"], "ansible_become": True},
        ),
        fabric.add(
            "plan-gw",
            sysctls={"net.ipv4.ip_forward": "0", "net.ipv4.tcp_retries2": "4"},
            files={
                "/etc/sysctl.conf": "# mine\nnet.ipv4.ip_forward=0\nnet.ipv4.tcp_retries2 = 4\n",
            },
            links={"/etc/sysctl.d/99-sysctl.conf": "../sysctl.conf"},
            variables={"tuner_roles": ["nat-gateway"]},
        ),
        fabric.add(
            "plan-good",
            files={ROLE: "net.core.somaxconn = 8192\n"},
            sysctls={"net.core.somaxconn": "8192"},
            variables={"tuner_roles": ["public-server"]},
        ),
    ]
    path = fabric.inventory(tmp_path_factory.mktemp("plans") / "inventory.yml", made)
    return path, made


def test_a_dry_run_changes_nothing(cli: Any, hosts: tuple[Path, list[Any]], tmp_path: Path) -> None:
    inventory, made = hosts
    before = [state(host) for host in made]
    everything = ("--unsafe", "--edit-others", "-o", tmp_path / "plan.json")
    for command in (("plan", inventory), ("apply", "--dry-run", inventory, *everything)):
        done = cli(*command)
        assert done.returncode == 1, done.stderr
        assert "+net.ipv4.tcp_sack = 1" in done.stdout
        assert [state(host) for host in made] == before
    assert len(read_plan((tmp_path / "plan.json").read_text())) == len(made)


def plans(cli: Any, inventory: Path, *options: str, code: int) -> dict[str, Plan]:
    done = cli("plan", inventory, "--unsafe", "--edit-others", "--format", "json", *options)
    assert done.returncode == code, (done.returncode, done.stderr, done.stdout[:3000])
    assert json.loads(done.stdout)["failures"] == []
    return {plan.host: plan for plan in read_plan(done.stdout)}


def carry_out(host: NamespaceHost, plan: Plan) -> None:
    """Do by hand what the plan says: files by cp, values by echo, in its order."""
    for file in plan.files:
        if file.after is None:
            done = host.run(["rm", file.path])
        else:
            done = host.run(["sh", "-c", f"cat > {file.path}"], input=file.after.decode())
        assert done.returncode == 0, done.stderr
    for change in plan.writes:
        path = f"/proc/sys/{key_path(change.key)}"
        done = host.run(["sh", "-c", f"echo '{change.after}' > {path}"])
        assert done.returncode == 0, (change.key, done.stderr)


def shown(host: NamespaceHost, plan: Plan) -> dict[str, bool]:
    """Whether each planned key has its planned value."""
    return {
        change.key: parse_value(host.sysctl(key_path(change.key))) == change.after
        for change in plan.changes
    }


def right(plan: Plan) -> dict[str, bool]:
    return {change.key: True for change in plan.changes}


def load(host: NamespaceHost, command: Sequence[str]) -> None:
    done = host.run(command)
    assert done.returncode == 0, (command, done.stdout, done.stderr)


def booted(host: NamespaceHost, plan: Plan, loader: Sequence[str]) -> dict[str, bool]:
    """The same in a new network namespace, whose keys begin with the kernel's defaults."""
    paths = [f"'/proc/sys/{key_path(change.key)}'" for change in plan.changes]
    script = f"{' '.join(loader)} >/dev/null; head -n 1 -q {' '.join(paths or ['/dev/null'])}"
    done = host.run(["unshare", "--net", "sh", "-c", script])
    assert done.returncode == 0, done.stderr
    values = done.stdout.splitlines()
    assert len(values) == len(plan.changes)
    return {
        change.key: parse_value(text) == change.after
        for change, text in zip(plan.changes, values, strict=True)
    }


def test_carried_out_it_holds_against_the_real_loaders(
    cli: Any, hosts: tuple[Path, list[Any]]
) -> None:
    inventory, made = hosts
    planned = plans(cli, inventory, code=1)
    assert {name for name, plan in planned.items() if plan.empty} == {"plan-good"}
    names = {
        plan.host: [it.path.rpartition("/")[2] for it in plan.files] for plan in planned.values()
    }
    assert names["plan-web"] == ["99-zz-tuner.conf", "50-role.conf"]
    assert names["plan-app"] == ["90-tuner.conf"]
    assert "sysctl.conf" in names["plan-gw"]
    assert [it.key for it in planned["plan-app"].writes][:2] == [
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.ip_local_port_range",
    ]
    for host in made:
        plan = planned[host.name]
        assert plan.cannot_win == ()
        carry_out(host, plan)
        assert shown(host, plan) == right(plan)
        for loader in LOADERS:
            load(host, loader)
            assert shown(host, plan) == right(plan), (host.name, loader)
        for loader in LOADERS:
            assert booted(host, plan, loader) == right(plan), (host.name, loader)

    # Idempotent: asked again, every host is as it should be.
    again = plans(cli, inventory, code=0)
    assert all(plan.empty for plan in again.values())
    text = cli("plan", inventory)
    assert text.returncode == 0
    assert "4 hosts: 0 to change, 4 with nothing to do, 0 without a plan" in text.stdout
