"""Hosts to be changed, controllers that change them, and everything about a host, to be compared."""

from __future__ import annotations

import json
import os
import pickle
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.fabric.fabric import Fabric, NamespaceHost
from tuner.plan.plan import Change, FileChange, Plan, Seen
from tuner.sysctl.key import Key, key_path
from tuner.sysctl.value import parse_value

pytest.register_assert_rewrite("tests.apply.faults")

PATIENCE = ("--timeout", "90", "--connect-timeout", "40")
"""For a machine that is busy with other things."""
NOW = ("--yes", "--soak", "0", *PATIENCE)
"""Without asking and without looking at counters."""
SIDE_BY_SIDE = 8
CHECKOUT = Path(__file__).resolve().parent.parent.parent
DROP_IN = "/etc/sysctl.d/90-tuner.conf"
MODULES = "/etc/modules-load.d/tuner.conf"
FOLDERS = ("sysctl.d", "modules-load.d", "udev/rules.d", "systemd/system")
# Values that move by themselves.
RESTLESS = re.compile(r"/(nf_conntrack_count|random|tcp_fastopen_key|stable_secret)$")


@dataclass
class Ended:
    """A controller that has ended."""

    code: int
    out: str
    err: str


@dataclass
class Controller:
    """A tuner that runs in the control namespace."""

    pid: int
    folder: Path
    home: Path

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def interrupt(self) -> None:
        os.kill(self.pid, signal.SIGINT)

    @property
    def err(self) -> str:
        path = self.folder / "err"
        return path.read_text() if path.exists() else "nothing"

    def wait(self, limit: float = 90) -> Ended:
        code = self.folder / "code"
        until(lambda: code.exists() and code.read_text() != "", f"{self.folder}: no end", limit)
        ended = Ended(int(code.read_text()), (self.folder / "out").read_text(), self.err)
        assert "Traceback" not in ended.err, ended.err
        return ended


@dataclass
class Bench:
    """Starts controllers."""

    fabric: Fabric
    folder: Path
    process: subprocess.Popen[str]
    lock: threading.Lock = field(default_factory=threading.Lock)
    number: int = 0

    def place(self) -> Path:
        with self.lock:
            self.number += 1
            place = self.folder / str(self.number)
        place.mkdir()
        return place

    def inventory(
        self, hosts: Sequence[NamespaceHost], plans: Mapping[str, Plan] | None = None, **more: Any
    ) -> Path:
        """Write an inventory, and beside it the plans for `apply`."""
        path = self.place() / "inventory.yml"
        self.fabric.inventory(path, hosts, variables=more)
        if plans is not None:
            path.with_suffix(".plans").write_bytes(pickle.dumps(dict(plans)))
        return path

    def start(
        self,
        *arguments: str | Path,
        waits: bool = False,
        home: Path | None = None,
        types: str = "",
        **environment: str,
    ) -> Controller:
        """Start a controller; ``types`` is what a person types at its terminal."""
        place = self.place()
        home = home or place
        request = {
            "arguments": [str(argument) for argument in arguments],
            "folder": str(place),
            "waits": waits,
            "types": types,
            "environment": {
                "HOME": str(home),
                "XDG_STATE_HOME": str(home / "state"),
                **environment,
            },
            **{name: str(place / name) for name in ("out", "err", "code")},
        }
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with self.lock:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
            pid = int(self.process.stdout.readline())
        return Controller(pid, place, home)

    def __call__(self, *arguments: str | Path, **options: Any) -> Ended:
        return self.start(*arguments, **options).wait()

    def apply(self, host: NamespaceHost, plan: Plan, *flags: str, **options: Any) -> Ended:
        """Apply a plan to one host, without looking at counters."""
        inventory = self.inventory([host], {host.name: plan})
        return self("apply", inventory, *NOW, *flags, **options)


@pytest.fixture(scope="session")
def bench(fabric: Fabric, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.apply.runner", str(fabric.pid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), "COLUMNS": "100"},
    )
    yield Bench(fabric, tmp_path_factory.mktemp("bench"), process)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    process.wait(10)
    process.stdout.close()


Scene = Callable[[Fabric, Bench], None]


@pytest.fixture(scope="session")
def stage(
    request: pytest.FixtureRequest, fabric: Fabric, bench: Bench
) -> Iterator[dict[Scene, Future[None]]]:
    """Plays the chosen scenes side by side: most of what they do is waiting."""
    specs = [getattr(item, "callspec", None) for item in request.session.items]
    chosen = dict.fromkeys(it.params["scene"] for it in specs if it and "scene" in it.params)
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        yield {scene: pool.submit(scene, fabric, bench) for scene in chosen}


def until(ready: Callable[[], bool], what: str | Callable[[], str], limit: float = 30.0) -> None:
    end = time.monotonic() + limit
    while not ready():
        if time.monotonic() > end:
            raise AssertionError(what if isinstance(what, str) else what())
        time.sleep(0.02)


# --- plans


def change(key: str, before: str | None, after: str, **more: Any) -> Change:
    live = None if before is None else parse_value(before)
    return Change(Key(key), parse_value(after), ("drift",), live_before=live, **more)


def plan_of(
    host: NamespaceHost, changes: Sequence[Change], files: Sequence[FileChange] = ()
) -> Plan:
    """A plan that rests on the values that it changes."""
    values = {it.key: str(it.live_before) for it in changes if it.live_before is not None}
    return Plan(host.name, changes=tuple(changes), files=tuple(files), seen=Seen(values=values))


def plans_of(hosts: Sequence[NamespaceHost], bad: Sequence[str] = ()) -> dict[str, Plan]:
    """Thirty seconds for all; what the kernel refuses for the bad ones."""
    key = "net.ipv4.tcp_fin_timeout"
    return {
        host.name: plan_of(host, [change(key, "60", "x" if host.name in bad else "30")])
        for host in hosts
    }


def wait_at(host: NamespaceHost, point: str) -> Path:
    """Let the next script of a controller with waits wait at a step; return the file to remove."""
    spots = host.root / "run/faults"
    spots.mkdir(exist_ok=True)
    (spots / point).touch()
    return spots / point


OLD = b"# ours\nnet.ipv4.tcp_fin_timeout = 50\nnet.ipv4.tcp_keepalive_time = 1000\n"
NEW = (
    b"# it's new: 100% \\ \xc3\xa4\n"
    b"net.ipv4.ip_forward = 1\nnet.ipv4.tcp_fin_timeout = 30\nnet.ipv4.tcp_keepalive_time = 1000\n"
    b"net.ipv4.tcp_rmem = 4096 87380 5000000\n-net.ipv4.tcp_nothing = 1\n"
)
SYSCTLS = {"net.ipv4.tcp_fin_timeout": 50, "net.ipv4.tcp_keepalive_time": 1000}
CHANGES = (
    change("net.ipv4.ip_forward", "0", "1"),
    change("net.ipv4.tcp_fin_timeout", "50", "30"),
    change("net.ipv4.tcp_rmem", None, "4096 87380 5000000"),
)


def usual(fabric: Fabric, name: str, **more: Any) -> NamespaceHost:
    """A host whose file and values are the old ones."""
    return fabric.add(name, files={DROP_IN: OLD.decode()}, sysctls=SYSCTLS, **more)


def usual_plan(host: NamespaceHost, *, modules: bool = False, last: str = "") -> Plan:
    """Three values, the first of which moves others along, and one file or two."""
    before = " ".join(host.sysctl("net.ipv4.tcp_rmem").split())
    changes = [
        *CHANGES[:2],
        change("net.ipv4.tcp_rmem", before, last or "4096 87380 5000000"),
    ]
    files = [FileChange(DROP_IN, OLD, NEW)]
    if modules:
        files.append(FileChange(MODULES, None, b"nf_conntrack\n"))
    return plan_of(host, changes, files)


# --- everything about a host


def files_of(host: NamespaceHost) -> dict[str, tuple[Any, ...]]:
    """Path, content, mode, owner and attributes of all files that a change may touch."""
    found: dict[str, tuple[Any, ...]] = {}
    for folder in FOLDERS:
        place = host.root / "etc" / folder
        for path in sorted(place.rglob("*")) if place.is_dir() else ():
            status = path.lstat()
            name = str(path.relative_to(host.root))
            content: Any = path.is_symlink() and str(path.readlink())
            if path.is_file() and not path.is_symlink():
                attributes = {it: os.getxattr(path, it) for it in os.listxattr(path)}
                content = (path.read_bytes(), sorted(attributes.items()))
            found[name] = (content, status.st_mode, status.st_uid, status.st_gid)
    return found


def live_of(host: NamespaceHost) -> dict[str, str]:
    """Every value of its network namespace."""
    done = host.run(["sh", "-c", "find /proc/sys/net -type f -exec grep -aH '' {} +"])
    rows = (line.partition(":")[::2] for line in done.stdout.splitlines())
    found = {path: value for path, value in rows if not RESTLESS.search(path)}
    assert len(found) > 300
    return found


def boot_of(host: NamespaceHost) -> dict[str, tuple[str, ...]]:
    """What the real loaders make of its files in a network namespace that has just begun."""
    paths = [f"/proc/sys/{key_path(it.key)}" for it in CHANGES]
    paths.append("/proc/sys/net/ipv4/tcp_keepalive_time")
    found = {}
    for loader in ("sysctl -q --system", "/lib/systemd/systemd-sysctl"):
        done = host.run(["unshare", "-n", "sh", "-c", f"{loader}; cat {' '.join(paths)}"])
        found[loader] = tuple(done.stdout.splitlines())
        assert len(found[loader]) == len(paths), done.stderr
    return found


def network_of(host: NamespaceHost) -> tuple[list[str], list[str]]:
    """Its IPv6 addresses and routes."""
    addresses = host.run(["ip", "-6", "-o", "addr", "show"]).stdout
    routes = host.run(["ip", "-6", "-o", "route", "show"]).stdout
    return sorted(addresses.splitlines()), sorted(routes.splitlines())


@dataclass
class Whole:
    """A host at one moment."""

    files: dict[str, tuple[Any, ...]]
    live: dict[str, str]
    boot: dict[str, tuple[str, ...]]

    @classmethod
    def of(cls, host: NamespaceHost) -> Whole:
        return cls(files_of(host), live_of(host), boot_of(host))

    def differs(self, other: Whole) -> str:
        """What is not the same, empty for nothing."""
        found = [
            f"{name} {key}: {mine.get(key)} / {theirs.get(key)}"
            for name in ("files", "live", "boot")
            for mine, theirs in [(getattr(self, name), getattr(other, name))]
            for key in sorted({*mine, *theirs})
            if mine.get(key) != theirs.get(key)
        ]
        return "; ".join(found)[:2000]


def states(host: NamespaceHost) -> dict[str, str]:
    """The state of every change that the host remembers."""
    room = host.root / "var/lib/tuner"
    markers = room.glob("*/is.*") if room.is_dir() else ()
    return {it.parent.name: it.name.removeprefix("is.").partition(".")[0] for it in markers}


def settled(host: NamespaceHost) -> bool:
    """Whether nothing of a change is under way or left over."""
    room = host.root / "var/lib/tuner"
    if (room / "lock").exists():
        return False
    return all(state in {"confirmed", "reverted"} for state in states(host).values())
