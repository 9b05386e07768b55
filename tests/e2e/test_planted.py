"""The audit finds exactly what was planted, live and from a collected folder, and changes nothing."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.root

LISTING = """
find /etc /run /tmp /root -xdev -printf '%p %y %m %U %G %s %T@ %l\\n' | sort
find /etc /run /tmp /root -xdev -type f -exec sha256sum {} + | sort
"""
VALUES = "find /proc/sys/net -type f ! -name flush -exec grep -aH '' {} + 2>/dev/null | sort"
MOVING = ("nf_conntrack_count",)


def test_exactly_the_planted_faults_are_found(
    cli: Any, fleet: Any, faults: Callable[[Mapping[str, Any]], set[Any]]
) -> None:
    report = cli.json(fleet.inventory, code=1)
    assert faults(report) == fleet.planted
    hosts = {host["name"]: host for host in report["hosts"]}
    assert set(hosts) == {host.name for host in fleet.hosts}
    wrong = {name for name, _, _ in fleet.planted}
    assert {name for name, host in hosts.items() if host["outcome"] == "clean"} == (
        set(hosts) - wrong
    )
    assert report["totals"]["clean"] == 5
    assert all(host["unjudged"] == [] and host["error"] is None for host in hosts.values())


@pytest.fixture(scope="module")
def dumps(cli: Any, fleet: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("collected") / "dumps"
    collected = cli("collect", fleet.inventory, "-o", folder)
    assert collected.returncode == 0, collected.stderr
    assert f"{len(fleet.hosts)} of {len(fleet.hosts)} dumps" in collected.stdout
    return folder


def test_clean_hosts_exit_0_and_fail_on_decides_about_the_others(
    cli: Any, fleet: Any, dumps: Path
) -> None:
    done = cli("audit", fleet.inventory, "--limit", "web1:web2:db1:app1:gw1")
    assert (done.returncode, done.stderr) == (0, "")
    assert "5 clean" in done.stdout
    # web3 has a note, web5 a warning, gw3 an error
    codes = {
        (name, level): cli("audit", "--from", dumps, "--limit", name, "--fail-on", level).returncode
        for name, level in (
            *(("web3", "note"), ("web3", "warning"), ("web5", "warning")),
            *(("web5", "error"), ("gw3", "error"), ("gw3", "never")),
        )
    }
    assert codes == {
        ("web3", "note"): 1,
        ("web3", "warning"): 0,
        ("web5", "warning"): 1,
        ("web5", "error"): 0,
        ("gw3", "error"): 1,
        ("gw3", "never"): 0,
    }


def test_a_collected_folder_gives_the_same_report(cli: Any, fleet: Any, tmp_path: Path) -> None:
    live, kept = tmp_path / "live.json", tmp_path / "kept.json"
    live_text = cli("audit", fleet.inventory, "--output", f"json:{live}")
    # At once: sockets that are in TIME_WAIT now will not be there in a minute.
    collected = cli("collect", fleet.inventory, "-o", tmp_path / "dumps")
    assert collected.returncode == 0, collected.stderr
    kept_text = cli("audit", "--from", tmp_path / "dumps", "--output", f"json:{kept}")
    assert (live_text.returncode, kept_text.returncode) == (1, 1)
    assert lasting(kept) == lasting(live)
    assert without_commands(kept_text.stdout) == without_commands(live_text.stdout)


def lasting(path: Path) -> Any:
    """What a report says, without what is of its moment and of its command line."""
    report = json.loads(path.read_text())
    del report["started"], report["finished"]
    for group in report["groups"]:
        del group["command"]
    for host in report["hosts"]:
        del host["gauges"]
    return report


def without_commands(text: str) -> list[str]:
    """The lines that keep to the width: a command stays on one line, so that it can be copied."""
    return [line for line in text.splitlines() if "  # group " not in line]


def test_an_audit_writes_nothing(cli: Any, fleet: Any) -> None:
    chosen = [host for host in fleet.hosts if host.name in {"web3", "db2", "gw2"}]

    def state(host: Any) -> tuple[str, str]:
        listing = host.run(["sh", "-c", LISTING]).stdout
        assert "/etc/ssh/fabric_config" in listing
        values = host.run(["sh", "-c", VALUES]).stdout
        assert len(values.splitlines()) > 300
        kept = [line for line in values.splitlines() if not any(word in line for word in MOVING)]
        return listing, "\n".join(kept)

    before = [state(host) for host in chosen]
    done = cli("audit", fleet.inventory, "--limit", "web3:db2:gw2")
    assert done.returncode == 1
    assert [state(host) for host in chosen] == before


def test_a_reader_that_leaves_is_no_error(cli: Any, fleet: Any) -> None:
    command = " ".join(cli.command("audit", str(fleet.inventory), "--limit", "web5"))
    for reader, code in (("true", "141"), ("head -1 >/dev/null", "")):
        done = subprocess.run(
            ["bash", "-c", f"{command} | {reader}; echo ${{PIPESTATUS[0]}}"],
            cwd=cli.home,
            env=cli.environment(),
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr == ""
        # 1 where the whole report fitted into the pipe before the reader left
        assert done.stdout.strip() in ({code} if code else {"1", "141"})


@pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1"}, {"COLUMNS": "40"}])
def test_text_without_a_terminal_is_plain(
    cli: Any, fleet: Any, environment: dict[str, str]
) -> None:
    done = cli("audit", fleet.inventory, "--limit", "web4:web5", **environment)
    assert done.returncode == 1
    assert "\x1b" not in done.stdout + done.stderr
    assert "net.core.somaxconn" in done.stdout
    widest = max(map(len, without_commands(done.stdout)))
    assert widest <= int(environment.get("COLUMNS", "100"))


def test_the_terminal_gets_colour_and_no_color_takes_it_away(cli: Any, fleet: Any) -> None:
    def on_terminal(**environment: str) -> str:
        command = " ".join(cli.command("audit", str(fleet.inventory), "--limit", "web5"))
        done = subprocess.run(
            ["script", "-qec", command, "/dev/null"],
            cwd=cli.home,
            env=cli.environment(TERM="xterm", **environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1, done.stdout
        assert "net.core.somaxconn" in done.stdout
        return done.stdout

    colour = re.compile(r"\x1b\[(?:\d+;)*[39][0-7](?:;\d+)*m")
    assert colour.search(on_terminal())
    assert not colour.search(on_terminal(NO_COLOR="1"))


def test_the_report_names_where_the_fault_stands(cli: Any, fleet: Any) -> None:
    report = cli.json(fleet.inventory, "--limit", "db4", code=1)
    ((finding,),) = [host["findings"] for host in report["hosts"]]
    assert (finding["file"], finding["line"]) == ("/etc/sysctl.d/50-role.conf", 1)
    assert (finding["live"], finding["next_boot"]["value"]) == ("1", "0")
    assert json.dumps(report).count("db4") >= 1
