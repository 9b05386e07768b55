"""Many hosts: canaries, batches, when a run stops, how it goes on, and what its journal knows."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path

import pytest

from tests.apply.conftest import (
    NOW,
    Bench,
    Scene,
    change,
    plan_of,
    plans_of,
    states,
    until,
    wait_at,
)
from tests.fabric.fabric import Fabric, NamespaceHost
from tuner.apply.journal import read_runs

pytestmark = pytest.mark.root

SCENES: list[Scene] = []
"""Functions that have hosts of their own, and are played side by side."""

KEY = "net.ipv4.tcp_fin_timeout"


def five(fabric: Fabric, play: str) -> list[NamespaceHost]:
    """Five hosts in two roles, all with the default; their names begin with that of the play."""
    roles = {"w1": "web", "w2": "web", "w3": "web", "d1": "db", "d2": "db"}
    made = [
        fabric.add(f"{play}-{name}", wait=False, variables={"tuner_roles": [role]})
        for name, role in roles.items()
    ]
    fabric.wait_for_all(made)
    return made


def values(hosts: Sequence[NamespaceHost]) -> str:
    return " ".join(host.sysctl(KEY) for host in hosts)


def journal(home: Path) -> list[dict[str, object]]:
    lines = (home / "state/tuner/journal.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


@SCENES.append
def canaries_of_every_role_go_first_then_batches(fabric: Fabric, bench: Bench) -> None:
    hosts = five(fabric, "can")
    home = bench.place()
    inventory = bench.inventory(hosts, plans_of(hosts))
    ended = bench("apply", inventory, *NOW, "--serial", "1,40%", home=home)
    assert ended.code == 0, ended.err
    assert values(hosts) == "30 30 30 30 30"
    said = [line for line in ended.err.splitlines() if "batch" in line]
    assert [line.partition(": batch ")[2] for line in said] == [
        "1 of 3: can-d1, can-w1",
        "2 of 3: can-d2, can-w2",
        "3 of 3: can-w3",
    ]
    rows = journal(home)
    ends = [row["host"] for row in rows if row["event"] == "outcome"]
    assert [set(ends[:2]), set(ends[2:4]), set(ends[4:])] == [
        {"can-d1", "can-w1"},
        {"can-d2", "can-w2"},
        {"can-w3"},
    ]
    assert rows[0]["event"] == "run"
    assert rows[-1]["event"] == "end"
    stages = [row.get("stage") or row.get("ending") for row in rows if row.get("host") == "can-w1"]
    assert stages == ["begin", "pending", "confirm", "confirmed"]
    (path,) = home.glob("state/tuner/*")
    assert path.stat().st_mode & 0o777 == 0o600


@SCENES.append
def a_bad_canary_stops_the_run_and_max_fail_lets_it_go_on(fabric: Fabric, bench: Bench) -> None:
    hosts = five(fabric, "bad")
    home = bench.place()
    inventory = bench.inventory(hosts, plans_of(hosts, bad=["bad-d1"]))
    ended = bench("apply", inventory, *NOW, "--serial", "1", home=home)
    assert ended.code == 4
    assert values(hosts) == "30 60 60 60 60"
    assert "stopped: 1 failed, and --max-fail allows 0" in ended.err
    assert "0 unchanged, 1 confirmed, 1 reverted, 0 failed, 0 unreachable, 3 not begun" in ended.out
    (run,) = read_runs(home / "state/tuner/journal.jsonl")
    assert run.done == {"bad-w1"}
    assert run.stopped.startswith("1 failed")
    status = bench("status", inventory, home=home)
    assert status.code == 0
    assert "bad-w1 : confirmed  (journal: confirmed)" in status.out
    assert "bad-d1 : reverted  (journal: reverted)" in status.out
    assert "bad-w2 : not changed by this run" in status.out
    assert "go on with: tuner apply … --resume" in status.out
    inventory.with_suffix(".plans").write_bytes(pickle.dumps(plans_of(hosts)))
    again = bench("apply", inventory, *NOW, "--serial", "1", "--resume", home=home)
    assert again.code == 0, again.err
    assert values(hosts) == "30 30 30 30 30"
    assert len(states(hosts[0])) == 1, "a host that was done was changed again"
    assert read_runs(home / "state/tuner/journal.jsonl")[-1].complete


@SCENES.append
def a_share_of_failures_is_allowed(fabric: Fabric, bench: Bench) -> None:
    hosts = five(fabric, "share")
    inventory = bench.inventory(hosts, plans_of(hosts, bad=["share-d1"]))
    ended = bench("apply", inventory, *NOW, "--serial", "1", "--max-fail", "20%")
    assert ended.code == 4
    assert values(hosts) == "30 30 30 60 30"
    assert "4 confirmed, 1 reverted" in ended.out


@SCENES.append
def unreachable_hosts_are_told_and_the_others_are_not_begun(fabric: Fabric, bench: Bench) -> None:
    hosts = five(fabric, "lost")
    fake = fabric.add_fake("nobody", "refuses")
    everyone = [*hosts, fake]
    inventory = bench.inventory(everyone, {**plans_of(hosts), "nobody": plans_of([fake])["nobody"]})
    ended = bench("apply", inventory, *NOW, "--connect-timeout", "2")
    assert ended.code == 3
    assert "nobody: unreachable: " in ended.err
    assert values(hosts) == "60 60 60 60 60"
    ended = bench("apply", inventory, *NOW, "--connect-timeout", "2", "--max-fail", "1")
    assert ended.code == 3
    assert values(hosts) == "30 30 30 30 30"
    assert "5 confirmed, 0 reverted, 0 failed, 1 unreachable" in ended.out
    del fabric.hosts["nobody"]


@SCENES.append
def it_asks_first(fabric: Fabric, bench: Bench) -> None:
    hosts = five(fabric, "asks")
    inventory = bench.inventory(hosts, plans_of(hosts))
    for types, says in (("", "there is no terminal to ask on"), ("n", "you did not agree")):
        home = bench.place()
        ended = bench("apply", inventory, "--soak", "0", types=types, home=home)
        assert ended.code == 2
        assert ended.out.startswith("THE PLAN")
        assert says in ended.err
        assert values(hosts) == "60 60 60 60 60"
        assert not (home / "state").exists()
    ended = bench("apply", inventory, "--soak", "0", types="y")
    assert ended.code == 0, ended.err
    assert "Change 5 hosts? [y/N]" in ended.out
    assert values(hosts) == "30 30 30 30 30"


@SCENES.append
def ctrl_c_once_ends_after_the_batch_and_resume_goes_on(fabric: Fabric, bench: Bench) -> None:
    hosts = five(fabric, "once")
    home = bench.place()
    inventory = bench.inventory(hosts, plans_of(hosts))
    spot = wait_at(hosts[0], "write-1")
    controller = bench.start("apply", inventory, *NOW, "--serial", "1", waits=True, home=home)
    until(lambda: Path(f"{spot}.reached").exists(), "it did not begin")
    controller.interrupt()
    until(lambda: "stopping after this batch" in controller.err, "it did not hear")
    spot.unlink()
    ended = controller.wait()
    assert ended.code == 130
    assert values(hosts) == "30 60 60 30 60"
    assert "3 not begun" in ended.out
    again = bench("apply", inventory, *NOW, "--resume", home=home)
    assert again.code == 0, again.err
    assert values(hosts) == "30 30 30 30 30"


@SCENES.append
def resume_is_refused_where_there_is_nothing_to_go_on_with(fabric: Fabric, bench: Bench) -> None:
    hosts = five(fabric, "none")
    home = bench.place()
    inventory = bench.inventory(hosts[:1], plans_of(hosts[:1]))
    ended = bench("apply", inventory, *NOW, "--resume", home=home)
    assert ended.code == 2
    assert "knows of no apply" in ended.err
    assert bench("apply", inventory, *NOW, home=home).code == 0
    other = bench.inventory(hosts[1:2], plans_of(hosts[1:2]))
    ended = bench("apply", other, *NOW, "--resume", home=home)
    assert ended.code == 2
    assert "the last apply was of" in ended.err
    assert values(hosts) == "30 60 60 60 60"


@SCENES.append
def a_journal_that_cannot_be_written_is_no_start(fabric: Fabric, bench: Bench) -> None:
    hosts = five(fabric, "journal")
    folder = bench.place()
    (folder / "file").touch()
    inventory = bench.inventory(hosts, plans_of(hosts))
    ended = bench("apply", inventory, *NOW, "--journal", folder / "file" / "j")
    assert ended.code == 2
    assert "cannot write the journal" in ended.err
    assert values(hosts) == "60 60 60 60 60"


@SCENES.append
def a_canary_that_is_worse_off_is_put_back_and_ends_the_run(fabric: Fabric, bench: Bench) -> None:
    key = "net.ipv4.tcp_max_tw_buckets"
    made = [fabric.add(name) for name in ("busy", "calm")]
    before = made[0].sysctl(key)
    inventory = bench.inventory(
        made, {host.name: plan_of(host, [change(key, before, "3")]) for host in made}
    )
    load = _load(made[0])
    try:
        ended = bench("apply", inventory, "--yes", "--soak", "2", "--serial", "1")
    finally:
        os.killpg(load.pid, signal.SIGKILL)
        load.wait()
    assert ended.code == 4, ended.err
    assert "busy: reverted: TIME_WAIT overflow 0/s → " in ended.err
    assert "stopped: worse after the change: busy" in ended.err
    assert "1 not begun" in ended.out
    assert [host.sysctl(key) for host in made] == [before, before]
    history = bench("history", inventory)
    assert "rollback  confirmed" in history.out
    for host in made:
        fabric.stop(host)


LOAD = """
import socket, time
server = socket.create_server(("127.0.0.1", 0))
while True:
    client = socket.create_connection(server.getsockname())
    accepted, _ = server.accept()
    client.close()
    accepted.recv(1)
    accepted.close()
    time.sleep(0.005)
"""


def _load(host: NamespaceHost) -> subprocess.Popen[bytes]:
    """Connections that the host makes to itself, so that there is always TIME_WAIT."""
    return subprocess.Popen(
        ["nsenter", "-t", str(host.pid), "-a", "--", "/usr/bin/python3", "-c", LOAD],
        start_new_session=True,
    )


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_it(stage: dict[Scene, Future[None]], scene: Scene) -> None:
    stage[scene].result(110)
