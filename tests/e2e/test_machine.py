"""Pressure that is a whole machine's, made on a kernel of our own and found in what its probe says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tuner.rules._finding import Kind

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
TROUBLES = {
    "neighbours": ("neighbour-table-overflow", "error", "neighbours of 16 at most (overflows:"),
    "orphans": ("orphans-near-limit", "warning", "90 orphans of 300"),
    "buffers": ("tcp-memory-pressure", "error", "none of them grows"),
    "files": ("open-files-near-limit", "error", "files are open"),
    "packets": ("receive-queue-drops", "error", "dropped at the backlog of 0"),
    "entries": ("conntrack-table-full", "error", "Entries dropped early to make room: "),
    "room": ("conntrack-table-full", "note", "The table of 5,000 entries was full"),
    "chains": ("conntrack-buckets-few", "warning", "16,384 entries in 512 chains"),
}

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(600),
    pytest.mark.skipif("TUNER_MACHINE" not in os.environ, reason="TUNER_MACHINE is not set"),
    pytest.mark.skipif(not shutil.which("linux"), reason="no user-mode Linux"),
]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """What the audit finds in the answers of the guest, by the trouble that was made."""
    guest = [
        *("linux", "mem=256M", "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro", "quiet"),
        *(f"init={HERE / 'guest.sh'}", "con=null", "con0=null,fd:1", "con1=null", "ssl=null"),
    ]
    folder = tmp_path_factory.mktemp("machine")
    done = subprocess.run(
        guest, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=500, check=False
    )
    said = done.stdout.replace(b"\r\n", b"\n")
    hosts = {}
    for name, dump in re.findall(rb"==BEGIN (\w+)==\n(.*?)==END \1==", said, re.DOTALL):
        path = folder / f"{name.decode()}.dump"
        path.write_bytes(dump)
        hosts[name.decode()] = {"tuner_dump": str(path)}
    assert set(hosts) == {"idle", *TROUBLES}, said[-2000:]
    inventory = folder / "inventory.yml"
    inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts, "vars": {"tuner_roles": "base"}}}))
    audit = subprocess.run(
        [sys.executable, "-m", "tuner", "audit", str(inventory), "--format", "json"],
        env={"PYTHONPATH": str(CHECKOUT), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert audit.returncode == 1, audit.stderr
    return {host["name"]: host["findings"] for host in json.loads(audit.stdout)["hosts"]}


@pytest.mark.parametrize("name", TROUBLES)
def test_the_trouble_is_found_with_its_numbers(
    name: str, report: dict[str, list[dict[str, Any]]]
) -> None:
    rule, severity, says = TROUBLES[name]
    (finding,) = [it for it in report[name] if it["rule"] == rule]
    assert finding["severity"] == severity
    assert says in finding["message"]


def test_nothing_is_found_on_an_idle_machine(report: dict[str, list[dict[str, Any]]]) -> None:
    assert [it for it in report["idle"] if it["kind"] == Kind.PRESSURE] == []
