"""What can go wrong with a change, made to happen at any step of it on a real host."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.apply.conftest import (
    DROP_IN,
    NOW,
    Bench,
    Controller,
    Whole,
    files_of,
    live_of,
    settled,
    states,
    until,
    usual,
    usual_plan,
)
from tests.fabric.fabric import Fabric, NamespaceHost
from tuner.apply.job import make_job
from tuner.apply.protocol import Phase, points
from tuner.plan.plan import Plan

_LONGEST = 90  # seconds of a timer, on a machine that is busy with other things
_REFUSED = "/proc/sys/net/ipv4/tcp_rmem"  # the last one that is written


@dataclass(frozen=True)
class Case:
    """One thing that goes wrong at one step."""

    phase: Phase
    point: str
    fault: str
    systemd: bool

    def __str__(self) -> str:
        init = "systemd" if self.systemd else "sh"
        return f"{init}: {self.fault} at {self.phase} {self.point}"


@dataclass
class Scene:
    """One case under way."""

    case: Case
    fabric: Fabric
    host: NamespaceHost
    controller: Controller
    shell: int = 0  # the process that waits at the step, as its host numbers it

    def kill_controller(self) -> None:
        self.controller.kill()

    def cut_link(self) -> None:
        self.fabric.plug(self.host, connected=False)

    def kill_shell(self) -> None:
        done = self.host.run(["kill", "-9", str(self.shell)])
        assert done.returncode == 0, done.stderr

    def fill_disk(self) -> None:
        self.host.run(["sh", "-c", "cat /dev/zero >/var/fill"])
        for _ in range(3):  # what overlay and tmpfs still give back in small pieces
            self.host.run(["sh", "-c", "dd if=/dev/zero bs=512 >>/var/fill"])
        done = self.host.run(["sh", "-c", "echo full? >/etc/sysctl.d/full"])
        assert done.returncode != 0, "there is room left"
        self.host.run(["rm", "-f", "/etc/sysctl.d/full"])

    def free_disk(self) -> None:
        self.host.run(["rm", "-f", "/var/fill"])

    def make_immutable(self) -> None:
        done = self.host.run(["chattr", "+i", DROP_IN])
        assert done.returncode == 0, done.stderr

    def make_mutable(self) -> None:
        self.host.run(["chattr", "-i", DROP_IN])

    def refuse_key(self) -> None:
        command = f"mount --bind {_REFUSED} {_REFUSED} && mount -o remount,ro,bind {_REFUSED}"
        done = self.host.run(["sh", "-c", command])
        assert done.returncode == 0, done.stderr

    def allow_key(self) -> None:
        self.host.run(["umount", _REFUSED])

    def cut_power(self) -> None:
        os.kill(self.controller.pid, signal.SIGSTOP)
        self.fabric.restart(self.host)

    def plug_in(self) -> None:
        self.fabric.plug(self.host, connected=True)

    def nothing(self) -> None:
        pass


FAULTS: dict[str, tuple[Callable[[Scene], None], Callable[[Scene], None]]] = {
    "controller": (Scene.kill_controller, Scene.nothing),
    "link": (Scene.cut_link, Scene.plug_in),
    "shell": (Scene.kill_shell, Scene.nothing),
    "disk": (Scene.fill_disk, Scene.free_disk),
    "immutable": (Scene.make_immutable, Scene.make_mutable),
    "key": (Scene.refuse_key, Scene.allow_key),
    "power": (Scene.cut_power, Scene.nothing),
}
"""What goes wrong, and how it is mended."""


def cases() -> Iterator[Case]:
    """Yield every step of the protocol with everything that can go wrong, on both kinds of host."""
    job = make_job(_plan_of_anybody(), "20260101T000000Z-0000")
    for systemd in (False, True):
        for phase in (Phase.BEGIN, Phase.CONFIRM, Phase.REVERT):
            for point in points(job, phase):
                for fault in FAULTS:
                    yield Case(phase, point, fault, systemd)


def _plan_of_anybody() -> Plan:
    class Nobody(NamespaceHost):
        def sysctl(self, key: str) -> str:
            return "4096 131072 6291456"

    return usual_plan(Nobody("nobody", ""), modules=True)


@dataclass
class Wholes:
    """What a host of one kind is before and after the change, and once it has started again."""

    old: Whole
    new: Whole
    old_started: dict[str, str]
    new_started: dict[str, str]


def references(fabric: Fabric, bench: Bench, *, systemd: bool) -> Wholes:
    """Change one host without trouble, and look at it at every stage."""
    host = _host(fabric, f"reference-{'systemd' if systemd else 'sh'}", systemd=systemd)
    old = Whole.of(host)
    fabric.restart(host)
    old_started = live_of(host)
    _make_live(host)
    assert Whole.of(host).differs(old) == ""
    ended = bench.apply(host, usual_plan(host, modules=True))
    assert ended.code == 0, ended.err
    new = Whole.of(host)
    fabric.restart(host)
    found = Wholes(old, new, old_started, live_of(host))
    assert found.new_started["/proc/sys/net/ipv4/tcp_fin_timeout"] == "30"
    fabric.stop(host)
    return found


def _host(fabric: Fabric, name: str, *, systemd: bool) -> NamespaceHost:
    boot = () if systemd else ("sysctl", "-q", "--system")
    return usual(fabric, name, disk="6m", systemd=systemd, boot=boot)


def _make_live(host: NamespaceHost) -> None:
    host.run(["sysctl", "-q", "--system"])


def play(case: Case, wholes: Wholes, fabric: Fabric, bench: Bench, revert_in: int) -> str:
    """Let a case happen, and return "old" or "new", as the host came out of it.

    Raises:
        AssertionError: it is neither, or not usable any more, or the report was wrong.
    """
    while True:
        host = _host(fabric, f"case{bench.place().name}", systemd=case.systemd)
        try:
            return _play(case, wholes, fabric, bench, revert_in, host)
        except MissedError:
            revert_in *= 2
            if revert_in > _LONGEST:
                raise
        finally:
            fabric.stop(host)


def _play(
    case: Case,
    wholes: Wholes,
    fabric: Fabric,
    bench: Bench,
    revert_in: int,
    host: NamespaceHost,
) -> str:
    home = bench.place()
    inventory = bench.inventory([host], {host.name: usual_plan(host, modules=True)})
    spots = host.root / "run/faults"
    spots.mkdir()
    wanted = [case.point]
    if case.phase is Phase.REVERT:
        wanted.insert(0, "place 2")  # where it is left by its shell, with one file in its place
    for point in wanted:
        (spots / point.replace(" ", "-")).touch()
    flags = ["--revert-in", str(revert_in), "--timeout", "6", "--connect-timeout", "3"]
    controller = bench.start(
        "apply", inventory, "--yes", "--soak", "0", *flags, waits=True, home=home
    )
    scene = Scene(case, fabric, host, controller)
    inject, mend = FAULTS[case.fault]
    for point in wanted:
        spot = spots / point.replace(" ", "-")
        scene.shell = _reach(controller, spots / f"{spot.name}.reached", revert_in + 60)
        if point == case.point:
            inject(scene)
            break
        scene.kill_shell()
        spot.unlink()
    if case.fault == "power":
        return _after_power(scene, wholes, bench, inventory, home)
    (spots / case.point.replace(" ", "-")).unlink()
    if case.fault == "link":
        time.sleep(revert_in + 2)
        mend(scene)
    elif case.phase is Phase.REVERT:
        time.sleep(3)
        mend(scene)  # nothing can be put back while the kernel, the file or the disk refuses it
    result = _await(scene)
    until(lambda: not _runs(scene), "its script goes on", 60)
    until(
        lambda: settled(host),
        lambda: f"not settled: {states(host)}: {controller.err}",
        revert_in + 60,
    )
    until(lambda: not _at_work(host), "its timer goes on", revert_in + 20)
    if case.fault == "disk":
        mend(scene)  # the loaders that look at it need some room
    whole = Whole.of(host)
    if case.fault != "disk":
        mend(scene)
    found = {"old": whole.differs(wholes.old), "new": whole.differs(wholes.new)}
    which = next((name for name, difference in found.items() if not difference), "")
    assert which, f"in between: {found}: {states(host)}: {controller.err}"
    if result:
        assert which == {"confirmed": "new"}.get(result, "old"), (result, controller.err)
    _go_on(scene, wholes, bench, inventory, home, which)
    return which


class MissedError(Exception):
    """The controller never came to the step: the machine was too slow for the timer."""


def _reach(controller: Controller, spot: Path, limit: float) -> int:
    """Wait for a script at a step, and return its process as its host numbers it."""
    end = time.monotonic() + limit
    while not (spot.exists() and spot.read_text()):
        if (controller.folder / "code").exists() or time.monotonic() > end:
            raise MissedError(f"{spot.name}: {controller.err}")
        time.sleep(0.02)
    return int(spot.read_text())


def _runs(scene: Scene) -> bool:
    return scene.host.run(["kill", "-0", str(scene.shell)]).returncode == 0


def _await(scene: Scene) -> str:
    """Return what the controller says of the host, empty for one that was killed."""
    if scene.case.fault == "controller":
        return ""
    ended = scene.controller.wait(180)
    rows = [json.loads(line) for line in _journal(scene).read_text().splitlines()]
    endings = [row["ending"] for row in rows if row["event"] == "outcome"]
    assert len(endings) == 1, ended.err
    assert ended.code == (0 if endings[0] == "confirmed" else 4)
    return str(endings[0])


def _journal(scene: Scene) -> Path:
    return scene.controller.home / "state/tuner/journal.jsonl"


def _after_power(scene: Scene, wholes: Wholes, bench: Bench, inventory: Path, home: Path) -> str:
    """Look at the host as it started by itself, and then let the controller find it."""
    host = scene.host
    live, files = live_of(host), files_of(host)
    which = ""
    for name, started, whole in (
        ("old", wholes.old_started, wholes.old),
        ("new", wholes.new_started, wholes.new),
    ):
        names = [DROP_IN[1:]] if not scene.case.systemd else [*whole.files]
        if live == started and all(files.get(it) == whole.files.get(it) for it in names):
            which = name
    assert which, f"in between after its start: {states(host)}, {sorted(files)}"
    os.kill(scene.controller.pid, signal.SIGCONT)
    result = _await(scene)
    if result == "confirmed":
        assert which == "new"
    if result != "failed":  # it may have lost sight of the host, and then says so
        assert settled(host), states(host)
        assert files_of(host) == (wholes.new if which == "new" else wholes.old).files
    _make_live(host)
    _go_on(scene, wholes, bench, inventory, home, which)
    return which


def _at_work(host: NamespaceHost) -> bool:
    return "revert.sh" in host.run(["ps", "ax", "-o", "args"]).stdout.replace("ps ax", "")


def _go_on(
    scene: Scene, wholes: Wholes, bench: Bench, inventory: Path, home: Path, which: str
) -> None:
    """An old host can be changed, and a new one be taken back: nothing is left in the way."""
    host = scene.host
    shutil.rmtree(host.root / "run/faults", ignore_errors=True)
    if which == "old":
        plan = usual_plan(host, modules=True)
        ended = bench.apply(host, plan)
        assert ended.code == 0, ended.err
        assert Whole.of(host).differs(wholes.new) == ""
    else:
        ended = bench("rollback", inventory, *NOW, home=home)
        assert ended.code == 0, ended.err
        assert Whole.of(host).differs(wholes.old) == ""
