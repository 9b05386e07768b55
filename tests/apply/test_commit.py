"""One change on real hosts: every ending that it can have, and that each is whole."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest

from tests.apply.conftest import (
    DROP_IN,
    MODULES,
    NEW,
    NOW,
    OLD,
    Bench,
    Scene,
    Whole,
    change,
    files_of,
    live_of,
    plan_of,
    settled,
    states,
    until,
    usual,
    usual_plan,
)
from tests.fabric.fabric import Fabric, NamespaceHost, User
from tuner.apply.job import make_job
from tuner.apply.protocol import Phase, points, script
from tuner.plan.plan import FileChange, Plan, Seen
from tuner.sysctl.key import Key

pytestmark = pytest.mark.root

SCENES: list[Scene] = []
"""Functions that have hosts of their own, and are played side by side."""

NOPASSWD = "ops ALL=(ALL) NOPASSWD: ALL\n"


@pytest.fixture(scope="module")
def host(fabric: Fabric) -> Iterator[NamespaceHost]:
    """A host that every test finds and leaves with the old file and values."""
    made = usual(fabric, "plain", users=[User("ops", "it's me")])
    yield made
    fabric.stop(made)


def refused(bench: Bench, host: NamespaceHost, plan: Plan, *says: str, **options: Any) -> None:
    """Apply, and see that the host says why not and has nothing left of it."""
    before = files_of(host), live_of(host), states(host)
    ended = bench.apply(host, plan, **options)
    assert ended.code == 4, ended.err
    for text in (*says, "nothing was changed", "1 failed"):
        assert text in ended.err + ended.out, ended.err
    assert (files_of(host), live_of(host), states(host)) == before
    assert settled(host)


@SCENES.append
def a_change_is_confirmed_and_stays_with_a_shell(fabric: Fabric, bench: Bench) -> None:
    confirm(fabric, bench, systemd=False)


@SCENES.append
def a_change_is_confirmed_and_stays_with_systemd(fabric: Fabric, bench: Bench) -> None:
    confirm(fabric, bench, systemd=True)


def confirm(fabric: Fabric, bench: Bench, *, systemd: bool) -> None:
    host = usual(fabric, f"confirmed-{systemd}", systemd=systemd)
    before = live_of(host)
    ended = bench.apply(host, usual_plan(host, modules=True))
    assert ended.code == 0, ended.err
    assert f"{host.name}: confirmed" in ended.err
    assert ended.out.startswith("THE PLAN\n")
    assert "1 host: 0 unchanged, 1 confirmed, 0 reverted, 0 failed, 0 unreachable" in ended.out
    assert (host.root / DROP_IN[1:]).read_bytes() == NEW
    assert (host.root / MODULES[1:]).stat().st_mode & 0o7777 == 0o644
    after = live_of(host)
    wanted = {"ip_forward": "1", "tcp_fin_timeout": "30", "tcp_rmem": "4096\t87380\t5000000"}
    for name, value in wanted.items():
        assert after[f"/proc/sys/net/ipv4/{name}"] == value
    moved = {path for path in before if before[path] != after[path]}
    along = {it for it in moved if it.endswith(("/forwarding", "/accept_redirects"))}
    assert {path.rpartition("/")[2] for path in moved - along} == set(wanted)
    assert settled(host)
    assert list(states(host).values()) == ["confirmed"]
    assert [it.name for it in (host.root / "etc/sysctl.d").iterdir()] == ["90-tuner.conf"]
    host.run(["sysctl", "-q", "--system"])
    host.run(["/lib/systemd/systemd-sysctl"])
    assert live_of(host) == after
    if systemd:
        timers = host.run(["systemctl", "list-timers", "--all", "--no-legend"]).stdout
        assert "tuner" not in timers
    fabric.stop(host)


def test_nothing_to_do_is_nothing_done(bench: Bench, host: NamespaceHost) -> None:
    before = Whole.of(host)
    ended = bench.apply(host, Plan(host.name))
    assert ended.code == 0
    assert "1 host: 1 unchanged, 0 confirmed" in ended.out
    assert Whole.of(host).differs(before) == ""
    assert not (host.root / "var/lib/tuner").exists()


CALLS = "write,sendfile,splice,copy_file_range,pwrite64,fsync,rename,renameat,renameat2"
TRACED = ["strace", "--seccomp-bpf", "-f", "-y", "-A", "-s", "200", "-o", "/run/trace"]


@SCENES.append
def the_writes_are_those_of_the_plan_and_files_are_on_the_disk_before_their_names(
    fabric: Fabric, bench: Bench
) -> None:
    host = usual(fabric, "traced")
    plan = usual_plan(host)
    job = make_job(plan, "20260101T000000Z-cafe")
    command = ["nsenter", "-t", str(host.pid), "-a", "--", *TRACED, "-e", f"trace={CALLS}", "sh"]
    begin = subprocess.Popen(
        [*command, "-s"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert begin.stdin is not None
    assert begin.stdout is not None
    begin.stdin.write(script(Phase.BEGIN, job, "n", who="me", revert_in="60"))
    begin.stdin.close()
    lines = iter(begin.stdout.readline, "@n end pending\n")
    assert "@n step write 3\n" in list(lines)
    confirm = subprocess.run(
        [*command, "-s"],
        input=script(Phase.CONFIRM, job, "n"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert confirm.stdout.endswith("@n end confirmed\n")
    begin.wait(30)  # its tracer follows the timer, which ends by itself
    begin.stdout.close()
    trace = (host.root / "run/trace").read_text().splitlines()
    found = [line for line in trace if "</proc/sys/" in line]
    wanted = [
        f'</proc/sys/{write.path}>, "{write.after}\\n", {len(write.after) + 1}'
        for write in make_job(plan, "any").writes
    ]
    assert len(found) == len(wanted)
    for line, text in zip(found, wanted, strict=True):
        assert text in line
        assert re.search(r" write\(\d+<", line)
    number = next(iter(states(host)))
    spot = f"/etc/sysctl.d/.tuner-{number}.1"
    order = (
        rf"fsync\(\d+</var/lib/tuner/{number}/old.1>",
        rf"fsync\(\d+</var/lib/tuner/{number}/revert.sh>",
        rf"fsync\(\d+</var/lib/tuner/{number}>",
        rf"fsync\(\d+<{spot}.old>",
        rf"fsync\(\d+<{spot}.new>",
        r"fsync\(\d+</etc/sysctl.d>",
        rf'rename.*/is.kept\..*"{re.escape(f"/var/lib/tuner/{number}/is.pending")}',
        r" write\(\d+</proc/sys/net/ipv4/ip_forward>",
        r"/is.pending\..*/is.committing",
        rf'rename.*"{spot}.new".*"{DROP_IN}"',
        r"fsync\(\d+</etc/sysctl.d>",
        r"/is.committing\..*/is.confirmed",
        rf"fsync\(\d+</var/lib/tuner/{number}>",
    )
    at = 0
    for pattern in order:
        later = (place for place, line in enumerate(trace) if place >= at)
        at = next((it for it in later if re.search(pattern, trace[it])), -1) + 1
        assert at > 0, f"not in its place: {pattern}"
    fabric.stop(host)


@SCENES.append
def a_folder_that_is_missing_is_made_and_goes_again(fabric: Fabric, bench: Bench) -> None:
    host = usual(fabric, "folderless")
    host.run(["rm", "-rf", "/etc/modules-load.d"])
    before = Whole.of(host)
    bad = usual_plan(host, modules=True, last="x")
    assert bench.apply(host, bad, "--revert-in", "20").code == 4
    assert Whole.of(host).differs(before) == ""
    assert not (host.root / "etc/modules-load.d").exists()
    assert bench.apply(host, usual_plan(host, modules=True)).code == 0
    assert (host.root / MODULES[1:]).parent.stat().st_mode & 0o777 == 0o755
    fabric.stop(host)


# --- who may


@SCENES.append
def sudo_without_and_with_a_password(fabric: Fabric, bench: Bench) -> None:
    become: dict[str, Any] = {"ansible_become": True}
    secret = "it's \\ me"  # noqa: S105 - a password with a blank, a quote and a backslash
    ways = {
        "nopasswd": (NOPASSWD, become),
        "password": ("ops ALL=(ALL) ALL\n", become | {"ansible_become_password": secret}),
    }
    for name, (sudoers, variables) in ways.items():
        host = usual(
            fabric,
            f"sudo-{name}",
            users=[User("ops", secret)],
            user="ops",
            sudoers=sudoers,
            variables=variables,
        )
        home = bench.place()
        ended = bench.apply(host, usual_plan(host), home=home)
        assert ended.code == 0, ended.err
        assert host.sysctl("net.ipv4.tcp_fin_timeout") == "30"
        kept = host.run(["sh", "-c", "cat /var/lib/tuner/*/*"]).stdout
        assert secret not in kept + ended.out + ended.err
        assert secret not in (home / "state/tuner/journal.jsonl").read_text()
        fabric.stop(host)


def test_an_ordinary_user_is_refused_before_anything_begins(
    bench: Bench, host: NamespaceHost
) -> None:
    host.user = "ops"
    try:
        refused(
            bench,
            host,
            usual_plan(host),
            "changing settings needs root, and the login is ops",
            "--become",
        )
        assert not (host.root / "var/lib/tuner").exists()
        host.variables["ansible_become"] = True
        ended = bench.apply(host, usual_plan(host))
        assert ended.code == 3
        assert "plain: unreachable" in ended.err
        assert "sudo" in ended.err
    finally:
        host.user = "root"
        host.variables.clear()


# --- where files cannot be written


@SCENES.append
def a_read_only_file_system(fabric: Fabric, bench: Bench) -> None:
    for place in ("/etc/sysctl.d", "/var/lib"):
        host = usual(fabric, f"readonly{place.replace('/', '-')}", masks={place: "readonly"})
        refused(
            bench,
            host,
            usual_plan(host),
            f"{place} cannot be written to: Read-only file system",
            "mounted read-only",
        )
        fabric.stop(host)


def test_an_immutable_file_and_an_immutable_folder(bench: Bench, host: NamespaceHost) -> None:
    for place, says in (
        (DROP_IN, f"{DROP_IN} cannot be replaced: Operation not permitted"),
        ("/etc/sysctl.d", "/etc/sysctl.d cannot be written to: Operation not permitted"),
    ):
        for flag in ("i", "a") if place == DROP_IN else ("i",):
            host.run(["chattr", f"+{flag}", place])
            refused(bench, host, usual_plan(host), says)
            host.run(["chattr", f"-{flag}", place])


@SCENES.append
def a_full_disk(fabric: Fabric, bench: Bench) -> None:
    host = usual(fabric, "full", disk="4m")
    host.run(["sh", "-c", "cat /dev/zero >/var/fill"])
    plan = usual_plan(host)
    ended = bench.apply(host, plan)
    assert ended.code == 4
    for folder in ("/var/lib", "/etc/sysctl.d"):
        assert f"{folder} cannot be written to: No space left on device" in ended.err
    assert "nothing was changed" in ended.err
    assert "free some space there" in ended.err
    host.run(["rm", "/var/fill"])
    assert settled(host)
    assert bench.apply(host, plan).code == 0
    fabric.stop(host)


def test_what_is_no_plain_file_is_not_replaced(bench: Bench, host: NamespaceHost) -> None:
    files = {
        "link": ("ln -s /etc/hostname", "is a symbolic link"),
        "folder": ("mkdir", "is no regular file"),
        "device": ("mknod -m 644", "is no regular file"),
    }
    for name, (how, says) in files.items():
        path = f"/etc/sysctl.d/91-{name}.conf"
        host.run(["sh", "-c", f"{how} {path} {'c 1 3' * (name == 'device')}"])
        plan = plan_of(host, [], [FileChange(path, b"", b"net.ipv4.tcp_sack = 1\n")])
        refused(bench, host, plan, f"{path} {says}")
        host.run(["rm", "-rf", path])
    host.run(["sh", "-c", f"mount --bind {DROP_IN} {DROP_IN}"])
    refused(bench, host, usual_plan(host), f"{DROP_IN} is a mount of its own")
    host.run(["umount", DROP_IN])


# --- keys


def test_keys_that_are_missing_shared_or_read_only_are_named_before(
    bench: Bench, host: NamespaceHost
) -> None:
    gone = change("net.ipv4.tcp_tw_recycle", None, "0")
    outside = change("net.core.netdev_max_backlog", "1000", "5000")
    view = change("net.core.rmem_max", "212992", "4194304")
    machine = change("vm.swappiness", "60", "10")
    refused(
        bench,
        host,
        plan_of(host, [change("net.ipv4.tcp_sack", "1", "0"), gone, outside, view, machine]),
        "net.ipv4.tcp_tw_recycle does not exist there",
        "net.core.netdev_max_backlog does not exist there",
        "net.core.rmem_max cannot be written: Permission denied",
        "vm.swappiness cannot be written: Read-only file system",
    )
    refused(
        bench,
        host,
        plan_of(host, [outside]),
        "only the first network namespace has it",
    )


def test_a_value_that_the_kernel_refuses_puts_the_others_back(
    bench: Bench, host: NamespaceHost
) -> None:
    before = Whole.of(host)
    ended = bench.apply(host, usual_plan(host, last="4096 none 5000000"), "--revert-in", "20")
    assert ended.code == 4
    assert "plain: reverted: net.ipv4.tcp_rmem: the kernel refused '4096 none 5000000'" in ended.err
    assert "(Invalid argument)" in ended.err
    assert Whole.of(host).differs(before) == ""
    assert settled(host)
    assert "reverted" in states(host).values()


def test_a_value_that_the_kernel_changes_is_not_taken_for_written(
    bench: Bench, host: NamespaceHost
) -> None:
    before = Whole.of(host)
    plan = plan_of(
        host,
        [change("net.ipv4.tcp_sack", "1", "0"), change("net.ipv4.tcp_fin_timeout", "50", "0x1e")],
    )
    ended = bench.apply(host, plan, "--revert-in", "20")
    assert ended.code == 4
    assert "'0x1e' was written, and the kernel shows '30'" in ended.err
    assert Whole.of(host).differs(before) == ""


def test_lists_of_ports_are_compared_as_the_kernel_shows_them(
    bench: Bench, host: NamespaceHost
) -> None:
    key = "net.ipv4.ip_local_reserved_ports"
    ended = bench.apply(host, plan_of(host, [change(key, "", "9000,8080,8081-8083,8084")]))
    assert ended.code == 0, ended.err
    assert host.sysctl(key) == "8080-8084,9000"
    ended = bench.apply(host, plan_of(host, [change(key, "8080-8084,9000", "")]))
    assert ended.code == 0, ended.err
    assert host.sysctl(key) == ""


def test_a_value_that_could_not_be_put_back_is_named_before(
    bench: Bench, host: NamespaceHost
) -> None:
    plan = plan_of(host, [change("net.ipv4.tcp_sack", "1", "0", restorable=False)])
    inventory = bench.inventory([host], {host.name: plan})
    ended = bench("apply", inventory, "--soak", "0")
    assert ended.code == 2
    assert "net.ipv4.tcp_sack could not be put back on plain" in ended.err
    assert host.sysctl("net.ipv4.tcp_sack") == "1"


# --- what the plan saw


def test_a_host_that_has_moved_is_refused_and_what_moved_is_named(
    bench: Bench, host: NamespaceHost
) -> None:
    plan = usual_plan(host)
    other = "/etc/sysctl.d/10-other.conf"
    seen = Seen(
        kernel="0.0-other",
        files={DROP_IN: "0" * 64, other: "1" * 64},
        values={Key("net.ipv4.tcp_keepalive_time"): "1234", Key("net.ipv4.tcp_sack"): "1"},
    )
    host.run(["sh", "-c", "echo '# x' >/etc/sysctl.d/zz-new.conf; echo >>" + DROP_IN])
    host.run(["sysctl", "-qw", "net.ipv4.tcp_fin_timeout=51"])
    refused(
        bench,
        host,
        Plan(host.name, changes=plan.changes, files=plan.files, seen=seen),
        "the kernel is now",
        f"changed since the plan: {DROP_IN}",
        f"changed since the plan: {other}",
        "new since the plan: /etc/sysctl.d/zz-new.conf",
        "net.ipv4.tcp_fin_timeout is now '51', not what the plan saw",
        "net.ipv4.tcp_keepalive_time is now '1000', not what the plan saw",
        "make the plan again",
    )
    (host.root / "etc/sysctl.d/zz-new.conf").unlink()
    (host.root / DROP_IN[1:]).write_bytes(OLD)
    host.run(["sysctl", "-qw", "net.ipv4.tcp_fin_timeout=50"])


# --- others at work


@SCENES.append
def a_second_tuner_is_told_who_holds_the_lock(fabric: Fabric, bench: Bench) -> None:
    host = usual(fabric, "locked")
    spots = host.root / "run/faults"
    spots.mkdir()
    (spots / "write-2").touch()
    plan = usual_plan(host)
    inventory = bench.inventory([host], {host.name: plan})
    first = bench.start("apply", inventory, *NOW, waits=True)
    until((spots / "write-2.reached").exists, "the first one did not begin")
    second = bench("apply", inventory, *NOW)
    assert second.code == 4
    who = re.search(
        r"another tuner is at work there: (\S+), since \d+ s \(change (\S+)\)", second.err
    )
    assert who, second.err
    assert who[1].startswith("root@")
    assert who[2] in states(host)
    status = bench("status", inventory)
    assert status.code == 4
    assert f"{who[2]} is pending, and puts itself back in" in status.out
    (spots / "write-2").unlink()
    assert first.wait().code == 0
    assert settled(host)
    third = bench.apply(host, plan_of(host, [change("net.ipv4.tcp_sack", "1", "0")]))
    assert third.code == 0, third.err
    fabric.stop(host)


@SCENES.append
def the_lock_of_a_tuner_that_died_early_is_taken_over(fabric: Fabric, bench: Bench) -> None:
    host = usual(fabric, "left-locked")
    spots = host.root / "run/faults"
    spots.mkdir()
    (spots / "stage-1").touch()
    inventory = bench.inventory([host], {host.name: usual_plan(host)})
    first = bench.start("apply", inventory, *NOW, waits=True)
    until((spots / "stage-1.reached").exists, "the first one did not begin")
    first.kill()
    shell = (spots / "stage-1.reached").read_text().strip()
    host.run(["kill", "-9", shell])
    (spots / "stage-1").unlink()
    (dead,) = states(host)
    assert states(host) == {dead: "kept"}
    assert (host.root / "var/lib/tuner/lock").exists()
    assert bench("apply", inventory, *NOW).code == 0
    assert states(host)[dead] == "reverted"
    assert settled(host)
    fabric.stop(host)


# --- every shell


@SCENES.append
def bash_walks_every_step(fabric: Fabric, bench: Bench) -> None:
    walk(fabric, bench, "bash")


@SCENES.append
def busybox_walks_every_step(fabric: Fabric, bench: Bench) -> None:
    walk(fabric, bench, "busybox")


def walk(fabric: Fabric, bench: Bench, shell: str) -> None:
    host = usual(fabric, f"shell-{shell}")
    if shell == "busybox":
        applets = host.run(["busybox", "--list"]).stdout.split()
        for name in set(applets) - {"ip"}:
            host.run(["ln", "-sf", "/usr/bin/busybox", f"/usr/local/bin/{name}"])
        host.run(["ln", "-sf", "busybox", "/usr/bin/sh"])
    else:
        host.run(["ln", "-sf", shell, "/usr/bin/sh"])
    old = Whole.of(host)
    ended = bench.apply(host, usual_plan(host, modules=True, last="4096 x 1"), "--revert-in", "20")
    assert ended.code == 4
    assert "(Invalid argument)" in ended.err, ended.err
    assert Whole.of(host).differs(old) == ""
    home = bench.place()
    inventory = bench.inventory([host], {host.name: usual_plan(host, modules=True)})
    ended = bench("apply", inventory, *NOW, home=home)
    assert ended.code == 0, ended.err
    assert (host.root / DROP_IN[1:]).read_bytes() == NEW
    ended = bench("rollback", inventory, *NOW, home=home)
    assert ended.code == 0, ended.err
    assert Whole.of(host).differs(old) == ""
    fabric.stop(host)


def test_a_script_that_arrives_in_part_does_nothing(host: NamespaceHost) -> None:
    job = make_job(usual_plan(host), "20260101T000000Z-part")
    whole = script(Phase.BEGIN, job, "n", who="me", revert_in="60")
    before = Whole.of(host)
    for shell in (["dash"], ["bash"], ["busybox", "ash"]):
        for length in (len(whole) - 2, len(whole) - 20, len(whole) // 2, 200):
            done = host.run([*shell, "-s"], input=whole[:length])
            assert done.stdout == "", (shell, length)
    assert Whole.of(host).differs(before) == ""
    assert not (host.root / "var/lib/tuner/20260101T000000Z-part").exists()


def test_the_scripts_have_a_function_for_every_step(host: NamespaceHost) -> None:
    job = make_job(usual_plan(host), "any")
    for phase in (Phase.BEGIN, Phase.CONFIRM):
        text = script(phase, job, "n", who="me", revert_in="60")
        for point in points(job, phase):
            name = point.partition(" ")[0]
            assert f"step_{name}() {{" in text, name


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_it(stage: dict[Scene, Future[None]], scene: Scene) -> None:
    stage[scene].result(110)
