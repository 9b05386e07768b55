"""The simulated loaders against the real ones, tree by tree.

``python -m tests.differential.compare --trees 10000 --suites bullseye,trixie`` compares this
machine's programs and those of other Debian releases, which debootstrap puts into a cache folder.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from tests.differential.trees import Case, make
from tuner.sysctl.files import Entry, Kind
from tuner.sysctl.kernel import Kernel
from tuner.sysctl.key import Key, key_from_path, key_path
from tuner.sysctl.loaders import Program, busybox, procps, systemd
from tuner.sysctl.loaders.run import Run
from tuner.sysctl.tree import FileTree
from tuner.sysctl.version import parse_version

# The keys that the trees name or match.
WATCHED = (
    r"net/ipv4/(?:tcp_(?:fin_timeout|keepalive_\w+|syncookies|[rw]mem|congestion_control)"
    r"|ip_forward|ip_local_\w+|conf/[^/]+/(?:rp_filter|forwarding|accept_redirects)"
    r"|neigh/v0/\w+time(?:_ms)?)|net/core/somaxconn"
    r"|net/ipv6/conf/[^/]+/(?:accept_ra|forwarding|disable_ipv6)"
)
_TREES_A_NAMESPACE = 50
ROOM = Path(__file__).with_name("room.py")
KERNEL = parse_version(os.uname().release)
# What a namespace reads is not its own, or changes by itself.
VOLATILE = re.compile(
    r"net/netfilter/nf_conntrack_count|.*/nf_log/.*|net/ipv6/conf/.*/stable_secret"
)


@dataclass(frozen=True)
class Difference:
    """One tree on which a real loader did something else."""

    seed: int
    program: str
    what: str
    real: Any
    ours: Any
    said: str = ""


@dataclass
class Suite:
    """The programs of one root file system; a context manager."""

    root: str = "/"
    programs: list[Program] = field(default_factory=list)
    _interfaces: tuple[str, ...] = ()
    _kernel: Kernel | None = None
    _texts: dict[Key, str | None] = field(default_factory=dict)
    _modes: dict[Key, int] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self._scratch = tempfile.TemporaryDirectory(prefix="differential-")
        self.programs = list(programs_in(self.root))
        self._room = subprocess.Popen(
            [sys.executable, "-I", "-S", ROOM, self.root, self._scratch.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._answer()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._room.stdin is not None
        assert self._room.stdout is not None
        self._room.stdin.close()
        self._room.wait(30)
        self._room.stdout.close()
        self._scratch.cleanup()

    def _answer(self) -> dict[str, Any]:
        assert self._room.stdout is not None
        line = self._room.stdout.readline()
        assert line, "the room's process has ended"
        answer: dict[str, Any] = json.loads(line)
        assert "error" not in answer, answer
        return answer

    def compare(self, seed: int, case: Case, *, fresh: bool = True) -> Iterator[Difference]:
        """Yield what the real programs do differently.

        ``fresh``: in a new network namespace, else in that of the case before.
        """
        if fresh:
            self._interfaces = case.addressed
            self._kernel = None
        request = {
            "entries": [encode(entry) for entry in case.entries],
            "ip": interfaces(case) if fresh else "",
            "watched": WATCHED,
            "programs": [
                {
                    "command": command(program, self.root, case),
                    "extra": _b64(case.credential) if program.name == "systemd" else None,
                    "values": case.values,
                }
                for program in self.programs
            ],
        }
        assert self._room.stdin is not None
        self._room.stdin.write(json.dumps(request) + "\n")
        self._room.stdin.flush()
        answer = self._answer()
        if fresh:
            self._texts = {key_from_path(path): text for path, (_, text) in answer["first"].items()}
            self._modes = {key_from_path(path): mode for path, (mode, _) in answer["first"].items()}
        for program, real in zip(self.programs, answer["results"], strict=True):
            yield from self._judge(seed, program, case, real)

    def _judge(self, seed: int, program: Program, case: Case, real: Any) -> Iterator[Difference]:
        """Yield where the model says something else than the real run."""
        kernel = self._kernel_of(real["before"])
        before = self._kernel or self._kernel_of(real["before"])
        for path, text in real["put_back"]:
            key = key_from_path(path)
            if before.has(key):
                before.write(key, text.encode())
        kernel.remember(before)
        self._kernel = kernel
        tree = FileTree(case.entries, credential=case.credential)
        ours = simulate(program, tree, kernel, case)
        name = f"{program.name} {'.'.join(map(str, program.version))}"
        said = real["said"]
        if real["code"] != ours.exit_code:
            yield Difference(seed, name, "exit code", real["code"], ours.exit_code, said)
        # Those that write again what a first write left: buffered by nobody (systemd), full_write.
        goes_on = program.name == "busybox" or (
            program.name == "systemd" and program.version >= (250,)
        )
        wrote = logical(real["writes"], goes_on=goes_on)
        meant = [(key_path(write.key), write.data, write.error) for write in ours.writes]
        if wrote != meant:
            yield Difference(seed, name, "writes", wrote, meant, said)
        for path, text in real["after"].items():
            key = key_from_path(path)
            expected = kernel.text(key)
            if text is None or expected is None or VOLATILE.fullmatch(path):
                continue
            if text.split() != expected.split():
                words = (text.split(), expected.split())
                yield Difference(seed, name, f"value of {key}", *words, said)

    def _kernel_of(self, values: dict[str, str | None]) -> Kernel:
        """Return the model of the kernel that the real program met."""
        texts = self._texts | {key_from_path(path): text for path, text in values.items()}
        allowed = texts.get(Key("net.ipv4.tcp_allowed_congestion_control")) or ""
        return Kernel(
            {key: None if text is None else text.removesuffix("\n") for key, text in texts.items()},
            version=KERNEL,
            addressed=self._interfaces,
            modes=self._modes,
            read_only=["net/netfilter/nf_hooks_lwtunnel"],
            names={Key("net.ipv4.tcp_congestion_control"): frozenset(allowed.split())},
            hz=250,
        )


def programs_in(root: str) -> Iterator[Program]:
    """Yield the loaders of a root file system with their versions."""
    into = ["chroot", root] if root != "/" else []
    asks = {
        "systemd": [loader_path(root), "--version"],
        "procps": ["/sbin/sysctl", "--version"],
        "busybox": ["/bin/busybox"],
    }
    for name, words in asks.items():
        done = subprocess.run([*into, *words], capture_output=True, text=True, check=False)
        match = re.search(r"\d+(?:\.\d+)*", done.stdout.partition("\n")[0])
        if match:
            version = tuple(int(number) for number in match[0].split("."))
            yield Program(name, version)


def loader_path(root: str) -> str:
    """Return where systemd-sysctl is inside the root."""
    for path in ("/usr/lib/systemd/systemd-sysctl", "/lib/systemd/systemd-sysctl"):
        if Path(f"{root.rstrip('/')}{path}").exists():
            return path
    raise OSError(f"no systemd-sysctl in {root}")


def command(program: Program, root: str, case: Case) -> list[str]:
    """Return the command line that starts the real program."""
    match program.name:
        case "systemd":
            return [loader_path(root)]
        case "procps":
            return ["/sbin/sysctl", "--system"]
        case _:
            return ["/bin/busybox", "sysctl", "-p", *files_for_busybox(case)]


def files_for_busybox(case: Case) -> list[str]:
    """Return some files of the tree, for a program that knows no folders."""
    return [entry.path for entry in case.entries][:5] or ["/etc/sysctl.conf"]


def encode(entry: Entry) -> dict[str, str]:
    """Return an entry as the room's process makes it."""
    row = {"path": _b64(entry.path.encode("utf-8", "surrogateescape"))}
    if entry.target:
        row["target"] = _b64(entry.target.encode())
    elif entry.kind is Kind.FILE:
        row["content"] = _b64(entry.content)
    return row


def _b64(data: bytes | None) -> Any:
    return None if data is None else base64.b64encode(data).decode()


def interfaces(case: Case) -> str:
    """Return the commands that make the case's interfaces."""
    lines = ["link add v0 type veth peer name eth0.100"]
    if "lo" in case.addressed:
        lines.append("link set lo up")
    lines += [
        f"addr add 10.9.{number}.1/24 dev {name}"
        for number, name in enumerate(case.addressed)
        if name != "lo"
    ]
    return "\n".join(lines) + "\n"


def simulate(program: Program, tree: FileTree, kernel: Kernel, case: Case) -> Run:
    """Run the model of the same program."""
    match program.name:
        case "systemd":
            return systemd.run(tree, kernel, version=program.version[0])
        case "procps":
            return procps.run(tree, kernel, version=program.version)
        case _:
            files = files_for_busybox(case)
            return busybox.run(tree, kernel, version=program.version, files=files)


def logical(writes: list[list[Any]], *, goes_on: bool) -> list[tuple[str, bytes, str]]:
    """Return the writes without those that only go on where the kernel had stopped reading.

    ``goes_on``: the program does that at all.
    """
    found: list[tuple[str, bytes, str]] = []
    tail = ("", b"")
    for path, data, status, error in writes:
        raw = base64.b64decode(data)
        if goes_on and raw and (path, raw) == tail:
            tail = ("", b"")
            continue
        found.append((path, raw, error))
        tail = (path, raw[status:]) if not error else ("", b"")
    return found


def run(seeds: Sequence[int], root: str = "/") -> list[Difference]:
    """Return the differences on these trees."""
    found: list[Difference] = []
    with Suite(root) as suite:
        for number, seed in enumerate(seeds):
            found += suite.compare(seed, make(seed), fresh=number % _TREES_A_NAMESPACE == 0)
    return found


def prepare(suite: str, cache: Path) -> str:
    """Return a root file system of a Debian release, made by debootstrap where it is not yet."""
    root = cache / suite
    if not (root / ".done").exists():
        print(f"debootstrap {suite} into {root}", flush=True)
        subprocess.run(
            [
                *("debootstrap", "--variant=minbase", "--include=systemd,procps,busybox"),
                *(suite, root),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        (root / ".done").touch()
    return str(root)


def main() -> int:
    """Compare many trees, print what differs, and return 1 if anything does."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--trees", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--suites", default="", help="other Debian releases, comma-separated")
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "tuner-suites"
    parser.add_argument("--cache", type=Path, default=cache)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--show", type=int, default=20)
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    roots = ["/", *(prepare(name, options.cache) for name in options.suites.split(",") if name)]
    workers = options.workers
    total = 0
    for root in roots:
        began = time.monotonic()
        names = ", ".join(f"{p.name} {'.'.join(map(str, p.version))}" for p in programs_in(root))
        seeds = range(options.first, options.first + options.trees)
        found: list[Difference] = []
        done = 0
        with ProcessPoolExecutor(workers) as pool:
            parts = {
                pool.submit(run, seeds[number : number + _TREES_A_NAMESPACE], root)
                for number in range(0, len(seeds), _TREES_A_NAMESPACE)
            }
            for part in as_completed(parts):
                done += 1
                for difference in part.result():
                    found.append(difference)
                    if len(found) <= options.show:
                        print(difference, flush=True)
                if done % 10 == 0:
                    print(f"{done * _TREES_A_NAMESPACE} trees", file=sys.stderr, flush=True)
        took = time.monotonic() - began
        print(f"{root}: {names}: {len(seeds)} trees, {len(found)} differences, {took:.0f} s")
        total += len(found)
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
