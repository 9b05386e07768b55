"""Questions, baselines and differences on real hosts: what a host shows outweighs what people say."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.checklist.test_ticket import sealed
from tests.fabric.fabric import Fabric, NamespaceHost, TimeWait

pytestmark = pytest.mark.root

TODAY = datetime.now(UTC).date()
UNTIL = (TODAY + timedelta(days=90)).isoformat()
BUSY, DEEP = 8080, 5432


@pytest.fixture(scope="module")
def hosts(fabric: Fabric) -> dict[str, NamespaceHost]:
    """A busy server that closes first, and one that nobody answers for."""
    roles = {"tuner_roles": ["internal-server"]}
    made = [
        fabric.add(
            "asked1",
            listeners=[BUSY],
            time_wait=[TimeWait(120)],
            variables={**roles, "tuner_facts": {"nat": "yes", "balancer": "none"}},
        ),
        fabric.add("asked2", variables={**roles, "tuner_facts": {"nat": "no", "balancer": "l7"}}),
    ]
    return {host.name: host for host in made}


@pytest.fixture
def place(fabric: Fabric, hosts: dict[str, NamespaceHost], tmp_path: Path) -> Path:
    fabric.inventory(tmp_path / "inventory.yml", hosts.values())
    return tmp_path


def attest(place: Path, *rows: dict[str, str]) -> None:
    said = [{"who": "Kim", "when": TODAY.isoformat(), "until": UNTIL, **row} for row in rows]
    (place / "attestations.yml").write_text(yaml.safe_dump(said))


def lines(cli: Any, place: Path, code: int, *arguments: str) -> dict[str, dict[str, Any]]:
    """Host → item → its answer."""
    done = cli("checklist", place / "inventory.yml", "--format", "json", *arguments)
    assert done.returncode == code, (done.returncode, done.stderr, done.stdout[:2000])
    found: dict[str, dict[str, Any]] = {}
    for section in json.loads(done.stdout)["sections"]:
        for line in section["lines"]:
            for group in line["groups"]:
                for host in group["hosts"]:
                    found.setdefault(host, {})[line["item"]] = group
    return found


def test_the_host_answers_what_it_can_and_contradicts_what_is_wrong(cli: Any, place: Path) -> None:
    attest(
        place,
        {"item": "accepted-closing-side", "scope": "asked1", "answer": "peer"},
        {"item": "listen-backlog", "answer": str(BUSY)},
        {"item": "nat-in-path", "answer": "no"},
        {"item": "path-idle-timeout", "answer": "350"},
    )
    found = lines(cli, place, 1)
    one, two = found["asked1"], found["asked2"]
    assert (one["role-settings"]["standing"], one["role-settings"]["by"]) == ("answered", "host")
    closing = one["accepted-closing-side"]
    assert closing["standing"] == "contradicted"
    assert "120 accepted connections in TIME_WAIT" in closing["because"]
    backlog = one["listen-backlog"]
    assert backlog["standing"] == "contradicted"
    assert f":{BUSY} has a backlog of" in backlog["because"]
    assert "and net.core.somaxconn is 4096" in backlog["because"]
    assert f"nothing listens on port {BUSY}" in two["listen-backlog"]["because"]
    assert (one["nat-in-path"]["standing"], two["nat-in-path"]["standing"]) == (
        "contradicted",
        "answered",
    )
    assert one["nat-in-path"]["because"] == "the inventory says nat: yes"
    assert one["nat-quarantine"]["standing"] == "waiting"
    assert two["nat-quarantine"]["standing"] == "moot"
    assert two["balancer-sources"]["standing"] == "open"
    assert one["balancer-sources"]["standing"] == "moot"
    assert one["path-idle-timeout"]["standing"] == "against"
    assert "first keep-alive probe comes after 7200 s" in one["path-idle-timeout"]["because"]


def test_a_change_on_the_host_opens_and_closes_questions(
    cli: Any, place: Path, hosts: dict[str, NamespaceHost]
) -> None:
    host = hosts["asked2"]
    assert lines(cli, place, 1)["asked2"]["role-settings"]["answer"] == "yes"
    assert host.run(["sysctl", "-q", "-w", "net.ipv4.tcp_tw_reuse_delay=100"]).returncode == 0
    try:
        found = lines(cli, place, 1)["asked2"]["role-settings"]
        assert found["standing"] == "against"
        assert (
            "net.ipv4.tcp_tw_reuse_delay · live 100 · wanted at least 1000" in found["evidence"][0]
        )
        plan = place / "plan.json"
        change = {"key": "net.ipv4.tcp_tw_reuse_delay", "after": "1000", "because": ["drift"]}
        plan.write_text(sealed({"plans": [{"host": "asked2", "changes": [change]}]}))
        found = lines(cli, place, 1, "--plan", str(plan))["asked2"]["role-settings"]
        assert found["standing"] == "answered"
        assert found["evidence"][0].startswith("the plan changes it: ")
    finally:
        host.run(["sysctl", "-q", "-w", "net.ipv4.tcp_tw_reuse_delay=1000"])


def test_a_host_that_is_down_makes_the_checklist_incomplete(
    cli: Any, fabric: Fabric, hosts: dict[str, NamespaceHost], place: Path
) -> None:
    down = fabric.add_fake("asked-down", "refuses")
    down.variables["tuner_roles"] = ["internal-server"]
    fabric.inventory(place / "inventory.yml", [*hosts.values(), down])
    found = lines(cli, place, 3)["asked-down"]
    assert found["role-settings"]["standing"] == "unseen"
    assert "refused" in found["role-settings"]["because"]
    assert found["reuse-addr"]["standing"] == "open"


def test_a_night_without_change_is_silent_and_one_with_is_not(
    cli: Any, place: Path, hosts: dict[str, NamespaceHost]
) -> None:
    inventory = place / "inventory.yml"

    def audit(name: str) -> Path:
        path = place / f"{name}.json"
        done = cli("audit", inventory, "--output", f"json:{path}")
        assert done.returncode in {0, 1}, done.stderr
        return path

    first, second = audit("first"), audit("second")
    done = cli("diff", first, second)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    host = hosts["asked2"]
    host.run(["sysctl", "-q", "-w", "net.ipv4.tcp_timestamps=0"])
    try:
        third = audit("third")
        done = cli("diff", second, third)
        assert done.returncode == 1
        assert "net.ipv4.tcp_timestamps timestamps-off" in done.stdout
        known = place / "known.yml"
        assert cli("audit", inventory, "--write-baseline", known).returncode == 0
        assert cli("audit", inventory, "--baseline", known).returncode == 0
    finally:
        host.run(["sysctl", "-q", "-w", "net.ipv4.tcp_timestamps=1"])
    done = cli("diff", third, audit("fourth"))
    assert done.returncode == 0
    assert "1 fixed" in done.stdout
    done = cli("audit", inventory, "--baseline", known)
    assert done.returncode == 0
    assert "timestamps-off net.ipv4.tcp_timestamps: asked2" in done.stdout


def test_the_commands_that_the_questions_name_run_on_a_real_host(
    cli: Any, hosts: dict[str, NamespaceHost]
) -> None:
    """Those that only look, with the placeholders filled in."""
    items = Path(__file__).resolve().parents[2] / "profiles" / "checklists"
    commands = {
        way["run"]
        for path in items.glob("*.yml")
        for item in yaml.safe_load(path.read_text())["items"].values()
        for way in item.get("find_out", ())
        if "run" in way
    }
    looking = {it for it in commands if it.split()[0] in {"ss", "sysctl", "nstat", "ip"}}
    assert len(looking) >= 12
    for command in sorted(looking):
        script = command.replace(":PORT", f":{BUSY}").replace("SERVER", "192.0.2.1")
        script = script.replace("sleep 10", "sleep 0.1")
        done = hosts["asked1"].run(["bash", "-o", "pipefail", "-c", script])
        # grep -c prints 0 and fails where there is none; head may leave early
        assert done.returncode in {0, 1, 141}, (command, done.stderr)
        assert done.stderr == "", (command, done.stderr)
