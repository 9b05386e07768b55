"""The whole way, with real plans: find, plan, change, find nothing more, change nothing more."""

from __future__ import annotations

import os
import sys
from concurrent.futures import Future

import pytest

from tests.apply.conftest import (
    CHECKOUT,
    NOW,
    Bench,
    Scene,
    Whole,
    boot_of,
    live_of,
    settled,
    states,
    until,
)
from tests.fabric.fabric import Fabric

pytestmark = pytest.mark.root

SCENES: list[Scene] = []
"""Functions that have hosts of their own, and are played side by side."""

ROLE = {"tuner_roles": ["public-server"]}


@SCENES.append
def what_an_audit_finds_is_mended_once_and_for_all(fabric: Fabric, bench: Bench) -> None:
    lines = "net.ipv4.tcp_timestamps = 0\nnet.core.somaxconn = 128\nnet.ipv4.tcp_fin_timeout = 10\n"
    made = [
        fabric.add(
            name,
            sysctls=dict(line.split(" = ") for line in lines.splitlines()),
            files={"/etc/sysctl.d/50-old.conf": lines},
            variables=ROLE,
            systemd=name == "real-systemd",
        )
        for name in ("real-sh", "real-systemd")
    ]
    old = [Whole.of(host) for host in made]
    inventory = bench.inventory(made)
    assert bench("audit", inventory).code == 1
    dry = bench("apply", inventory, "--dry-run")
    assert dry.code == 1, dry.err
    assert [Whole.of(host).differs(whole) for host, whole in zip(made, old, strict=True)] == [
        "",
        "",
    ]
    ended = bench("apply", inventory, *NOW)
    assert ended.code == 0, ended.err
    assert "net.core.somaxconn" in ended.out
    assert "2 hosts: 0 unchanged, 2 confirmed" in ended.out
    audit = bench("audit", inventory, "--format", "json")
    assert audit.code == 0, audit.out
    for host in made:
        live = live_of(host)
        for loader in (["sysctl", "-q", "--system"], ["/lib/systemd/systemd-sysctl"]):
            host.run(loader)
            assert live_of(host) == live
    new = [Whole.of(host) for host in made]
    remembered = [states(host) for host in made]
    again = bench("apply", inventory, *NOW)
    assert again.code == 0
    assert "2 hosts: 2 unchanged, 0 confirmed" in again.out
    assert [Whole.of(host).differs(whole) for host, whole in zip(made, new, strict=True)] == [
        "",
        "",
    ]
    assert [states(host) for host in made] == remembered
    back = bench("rollback", inventory, *NOW)
    assert back.code == 0, back.err
    assert [Whole.of(host).differs(whole) for host, whole in zip(made, old, strict=True)] == [
        "",
        "",
    ]
    for host in made:
        fabric.stop(host)


@SCENES.append
def a_saved_plan_is_carried_out_as_it_is_or_not_at_all(fabric: Fabric, bench: Bench) -> None:
    host = fabric.add(
        "saved",
        sysctls={"net.core.somaxconn": 128},
        files={"/etc/sysctl.d/50-old.conf": "net.core.somaxconn = 128\n"},
        variables=ROLE,
    )
    inventory = bench.inventory([host])
    plan = bench.place() / "plan.json"
    assert bench("plan", inventory, "-o", plan).code == 1
    no_hosts = bench("apply", plan, *NOW)
    assert no_hosts.code == 2
    assert "no inventory" in no_hosts.err
    host.run(["sh", "-c", "echo '# new' >/etc/sysctl.d/95-new.conf"])
    before = Whole.of(host)
    stale = bench("apply", plan, *NOW, "--hosts-from", inventory)
    assert stale.code == 4
    assert "new since the plan: /etc/sysctl.d/95-new.conf; nothing was changed" in stale.err
    assert Whole.of(host).differs(before) == ""
    host.run(["rm", "/etc/sysctl.d/95-new.conf"])
    host.run(["sysctl", "-qw", "net.core.somaxconn=129"])
    stale = bench("apply", plan, *NOW, "--hosts-from", inventory)
    assert "net.core.somaxconn is now '129', not what the plan saw" in stale.err
    host.run(["sysctl", "-qw", "net.core.somaxconn=128"])
    done = bench("apply", plan, *NOW, TUNER_INVENTORY=str(inventory))
    assert done.code == 0, done.err
    assert settled(host)
    assert int(host.sysctl("net.core.somaxconn")) >= 4096
    assert all(values[0] for values in boot_of(host).values())
    stale = bench("apply", plan, *NOW, "--hosts-from", inventory)
    assert stale.code == 4
    assert "changed since the plan: /etc/sysctl.d/" in stale.err
    assert "is now '4096', not what the plan saw" in stale.err
    other = bench.inventory([])
    unknown = bench("apply", plan, *NOW, "--hosts-from", other)
    assert unknown.code == 2
    fabric.stop(host)


@SCENES.append
def lines_of_others_are_commented_out_if_asked_and_come_back(fabric: Fabric, bench: Bench) -> None:
    old_file = "# wiki\nnet.ipv4.tcp_tw_recycle = 1\nnet.ipv4.tcp_sack = 0\n"
    host = fabric.add(
        "foreign",
        sysctls={"net.ipv4.tcp_sack": 0},
        files={"/etc/sysctl.conf": old_file},
        links={"/etc/sysctl.d/99-sysctl.conf": "../sysctl.conf"},
        variables=ROLE,
    )
    conf = host.root / "etc/sysctl.conf"
    conf.chmod(0o640)
    old = Whole.of(host)
    inventory = bench.inventory([host])
    left = bench("plan", inventory)
    assert "/etc/sysctl.conf:3 sets 0 at `sysctl --system`: --edit-others comments" in left.out
    asked = bench("apply", inventory, *NOW, "--edit-others")
    assert asked.code == 0, asked.err
    wiki, recycle, sack = conf.read_text().splitlines()
    assert wiki == "# wiki"
    assert recycle.startswith("# [tuner, tw-recycle: ")
    assert recycle.endswith("] net.ipv4.tcp_tw_recycle = 1")
    assert sack.endswith("] net.ipv4.tcp_sack = 0")
    assert conf.stat().st_mode & 0o7777 == 0o640
    assert (host.root / "etc/sysctl.d/99-sysctl.conf").is_symlink()
    for loader in (["sysctl", "-q", "--system"], ["/lib/systemd/systemd-sysctl"]):
        host.run(loader)
        assert host.sysctl("net.ipv4.tcp_sack") == "1"
    again = bench("apply", inventory, *NOW, "--edit-others")
    assert "1 host: 1 unchanged" in again.out
    back = bench("rollback", inventory, *NOW)
    assert back.code == 0, back.err
    assert Whole.of(host).differs(old) == ""
    assert conf.read_text() == old_file
    fabric.stop(host)


@SCENES.append
def a_module_that_brings_keys_is_listed_with_them(fabric: Fabric, bench: Bench) -> None:
    key = "net.netfilter.nf_conntrack_tcp_timeout_established"
    host = fabric.add(
        "module",
        sysctls={"net.ipv4.ip_forward": 1, key: 600},
        files={"/etc/sysctl.d/50-old.conf": f"net.ipv4.ip_forward = 1\n{key} = 600\n"},
        variables={"tuner_roles": ["nat-gateway"]},
        systemd=True,
    )
    old = Whole.of(host)
    inventory = bench.inventory([host])
    folder = bench.place()
    assert bench("collect", inventory, "-o", folder).code == 0
    dump = folder / "module.dump"  # a container could load no module, so it is to be none
    said = dump.read_bytes().splitlines(keepends=True)
    dump.write_bytes(b"".join(line for line in said if b"container" not in line))
    plan = folder / "plan.json"
    assert bench("plan", "--from", folder, "-o", plan).code == 1
    done = bench("apply", plan, *NOW, "--hosts-from", inventory)
    assert done.code == 0, done.err
    assert f"{key.rpartition('.')[2]} 10 min → " in done.out
    assert "nf_conntrack\n" in (host.root / "etc/modules-load.d/tuner.conf").read_text()
    rule = (host.root / "etc/udev/rules.d/99-tuner.rules").read_text()
    assert 'KERNEL=="nf_conntrack"' in rule
    assert f"--prefix=/{key.rpartition('.')[0].replace('.', '/')}" in rule
    live = live_of(host)
    command = rule.partition('RUN+="')[2].partition('"')[0]
    host.run(["sysctl", "-qw", f"{key}=5"])
    assert host.run(command.split()).returncode == 0
    assert live_of(host) == live
    back = bench("rollback", inventory, *NOW)
    assert back.code == 0, back.err
    assert Whole.of(host).differs(old) == ""
    fabric.stop(host)


ALONE = """
import sys
from tuner.apply.protocol import Phase, script
from tuner.inventory.host import Host, Way
from tuner.remote.local import Local
from tuner.apply.job import make_job
from tests.apply.conftest import change
from tuner.plan.plan import Plan

plan = Plan("here", changes=(change("net.ipv4.tcp_sack", "1", "0"),))
job = make_job(plan, "20260101T000000Z-here")
text = script(Phase.BEGIN, job, "n", who="me", revert_in="4")
with Local(Host("here", way=Way.LOCAL)) as here:
    print(here.run(text, timeout=60, limit=100000).stdout.decode())
"""


@SCENES.append
def a_host_changes_itself_without_ssh(fabric: Fabric, bench: Bench) -> None:
    host = fabric.add(
        "itself",
        sysctls={"net.core.somaxconn": 128},
        files={"/srv/inventory.yml": "all: {hosts: {itself: {ansible_connection: local}}}\n"},
    )
    host.run(["umount", "/root", "/tmp"])  # this Python may live there
    old = Whole.of(host)
    here = {**os.environ, "PYTHONPATH": str(CHECKOUT), "HOME": "/root"}
    tuner = [sys.executable, "-m", "tuner"]
    applied = host.run(
        [*tuner, "apply", "/srv/inventory.yml", "--role", "public-server", *NOW],
        env=here,
        cwd=CHECKOUT,
    )
    assert applied.returncode == 0, applied.stderr
    assert "itself: confirmed" in applied.stderr
    assert int(host.sysctl("net.core.somaxconn")) >= 4096
    back = host.run([*tuner, "rollback", "/srv/inventory.yml", *NOW], env=here, cwd=CHECKOUT)
    assert back.returncode == 0, back.stderr
    assert Whole.of(host).differs(old) == ""
    begun = host.run([sys.executable, "-c", ALONE], env=here, cwd=CHECKOUT)
    assert "end pending" in begun.stdout, begun.stderr
    assert host.sysctl("net.ipv4.tcp_sack") == "0"
    until(lambda: settled(host), "its timer died with the shell that started it", 60)
    assert Whole.of(host).differs(old) == ""
    fabric.stop(host)


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--format", "json"], "--format json goes with --dry-run only"),
        (["-o", "plan.json"], "--output goes with --dry-run only"),
        (["--from", "."], "--from goes with --dry-run only"),
        (["--hosts-from", "x"], "--hosts-from goes with a saved plan"),
        (["--serial", "x"], "--serial: 'x' is no number of hosts"),
        (["--max-fail", "101%"], "--max-fail: 101% is more than all hosts"),
        (["--revert-in", "2"], "'2' is no whole number of seconds from 3 to a day"),
        (["--soak", "x"], "'x' is no whole number of seconds"),
    ],
)
def test_flags_that_mean_nothing_are_refused(
    bench: Bench, fabric: Fabric, flags: list[str], says: str
) -> None:
    inventory = bench.place() / "inventory.yml"
    inventory.write_text("all: {hosts: {nobody: {ansible_host: 192.0.2.1}}}\n")
    ended = bench("apply", inventory, "--yes", *flags)
    assert ended.code == 2, ended.err
    assert says in ended.err


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_it(stage: dict[Scene, Future[None]], scene: Scene) -> None:
    stage[scene].result(110)
