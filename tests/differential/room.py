"""Runs real loaders on trees of files in namespaces that are thrown away: ``python -I -S room.py``.

One JSON request a line on standard input, one answer a line. Making a network namespace for every
tree would keep the kernel busy with their funerals, so one serves some trees; /etc, /run and the vendors' folders are tmpfs; /proc/sys is read-only but for /proc/sys/net,
so that nothing of the machine can change.
"""

from __future__ import annotations

import base64
import contextlib
import ctypes
import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

_LIBC = ctypes.CDLL(None, use_errno=True)
_NEWNS, _NEWNET = 0x20000, 0x40000000
_RDONLY, _REMOUNT, _BIND, _REC, _PRIVATE = 1, 32, 4096, 16384, 1 << 18
FOLDERS = (
    "/etc/sysctl.d",
    "/run/sysctl.d",
    "/usr/local/lib/sysctl.d",
    "/usr/lib/sysctl.d",
)
_SHARED_BY_ALL = "net/netfilter/nf_hooks_lwtunnel"
_WRITE = re.compile(r'write\(\d+<([^>]*)>, "((?:\\x[0-9a-f]{2})*)", \d+\) = (-?\d+)(?: (E\w+))?')
_LIMIT = 60
_WHOLE_LOOK = 10  # every so many runs all keys are looked at, not only the watched ones


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    result = _LIBC.mount(
        source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), data.encode()
    )
    _check(result, f"mount {source} on {target}")


def _bind(target: str, flags: int = 0) -> None:
    _mount(target, target, flags=_BIND)
    _mount("none", target, flags=_REMOUNT | _BIND | flags)


class Room:
    """A mount namespace around one root file system."""

    def __init__(self, root: str, scratch: str) -> None:
        self.root = root.rstrip("/")
        self.scratch = scratch
        self._cell: Cell | None = None
        _check(_LIBC.unshare(_NEWNS | _NEWNET), "unshare")
        _mount("none", "/", flags=_REC | _PRIVATE)
        linker = Path(f"{self.root}/etc/ld.so.cache")
        cache = linker.read_bytes() if linker.exists() else b""
        for name in ("/etc", "/run", "/usr/local/lib"):
            _mount("tmpfs", f"{self.root}{name}", "tmpfs")
        vendor = Path(f"{self.root}/usr/lib/sysctl.d")
        if not vendor.is_dir():
            raise OSError(f"there is no folder {vendor}")
        _mount("tmpfs", str(vendor), "tmpfs")
        linker.write_bytes(cache)
        if self.root:
            _mount("proc", f"{self.root}/proc", "proc")
        proc = f"{self.root}/proc/sys"
        _bind(proc, _RDONLY)
        _bind(f"{proc}/net")
        if Path(proc, _SHARED_BY_ALL).exists():
            _bind(f"{proc}/{_SHARED_BY_ALL}", _RDONLY)

    def run(self, request: dict[str, Any]) -> dict[str, Any]:
        """Run the programs of one request on the same tree, one after the other."""
        self._plant(request["entries"])
        if request["ip"]:
            self.close()
            self._cell = Cell(f"{self.root}/proc/sys/net", request["ip"], request["watched"])
        assert self._cell is not None
        results = [self._cell.ask(self._task(each)) for each in request["programs"]]
        first = self._cell.first if request["ip"] else None
        return {"first": first, "results": results}

    def close(self) -> None:
        """End the network namespace."""
        if self._cell is not None:
            self._cell.close()

    def _task(self, program: dict[str, Any]) -> dict[str, Any]:
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
        if program["extra"] is not None:
            credentials = Path(f"{self.root}/run/credentials")
            credentials.mkdir(exist_ok=True)
            (credentials / "sysctl.extra").write_bytes(base64.b64decode(program["extra"]))
            environment["CREDENTIALS_DIRECTORY"] = "/run/credentials"
        return {
            "environment": environment,
            "trace": f"{self.scratch}/trace",
            "values": program["values"],
            "command": [
                *("strace", "-f", "--seccomp-bpf", "-qq", "-y", "-xx", "-s", "2000000"),
                *("-e", "trace=write", "-e", "signal=none", "-o", f"{self.scratch}/trace"),
                *(["chroot", self.root] if self.root else []),
                *program["command"],
            ],
        }

    def _plant(self, entries: list[dict[str, str]]) -> None:
        for folder in FOLDERS:
            place = f"{self.root}{folder}"
            subprocess.run(
                ["rm", "-rf", place]
                if folder != "/usr/lib/sysctl.d"
                else ["find", place, "-mindepth", "1", "-delete"],
                check=True,
            )
            Path(place).mkdir(parents=True, exist_ok=True)
        Path(f"{self.root}/etc/sysctl.conf").unlink(missing_ok=True)
        for entry in entries:
            path = Path(self.root + os.fsdecode(base64.b64decode(entry["path"])))
            if "target" in entry:
                path.symlink_to(os.fsdecode(base64.b64decode(entry["target"])))
            elif "content" in entry:
                path.write_bytes(base64.b64decode(entry["content"]))
            else:
                path.mkdir()


class Cell:
    """A network namespace that serves several runs: its values are put back between them."""

    def __init__(self, net: str, setup: str, watched: str) -> None:
        self._net = net
        self._watched = re.compile(watched)
        mine, its = socket.socketpair()
        self._child = os.fork()
        if self._child == 0:
            code = 1
            try:
                _LIBC.prctl(1, signal.SIGKILL, 0, 0, 0)
                mine.close()
                self._serve(its, setup)
                code = 0
            except BaseException as error:  # noqa: BLE001 - the child must never return
                os.write(2, f"{type(error).__name__}: {error}\n".encode())
            os._exit(code)
        its.close()
        self._pipe = mine.makefile("rw")
        self.first: dict[str, list[Any]] = json.loads(self._pipe.readline())

    def ask(self, task: dict[str, Any]) -> dict[str, Any]:
        """Run one program in the namespace."""
        self._pipe.write(json.dumps(task) + "\n")
        self._pipe.flush()
        said = self._pipe.readline()
        if not said:
            raise OSError("the namespace's process has ended")
        answer: dict[str, Any] = json.loads(said)
        return answer

    def close(self) -> None:
        """End it."""
        os.kill(self._child, signal.SIGKILL)
        os.waitpid(self._child, 0)
        self._pipe.close()

    def _serve(self, connection: socket.socket, setup: str) -> None:
        _check(_LIBC.unshare(_NEWNET), "unshare")
        subprocess.run(["ip", "-batch", "-"], input=setup.encode(), check=True)
        pipe = connection.makefile("rw")
        first = _values(self._net)
        pipe.write(json.dumps(first) + "\n")
        pipe.flush()
        watched = [path for path in first if self._watched.fullmatch(path)]
        for runs, line in enumerate(pipe, 1):
            task = json.loads(line)
            paths = watched if runs % _WHOLE_LOOK else list(first)
            put_back = self._put_back(first, paths)
            for path, text in task["values"].items():
                Path(self._net, path).write_text(text)
                put_back.append([f"net/{path}", text])
            before = _look(self._net, paths)
            done = subprocess.run(
                task["command"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=task["environment"],
                cwd="/",
                timeout=_LIMIT,
                check=False,
            )
            answer = {
                "code": done.returncode,
                "said": done.stderr.decode("utf-8", "replace")[:2000],
                "writes": _writes(Path(task["trace"]).read_text()),
                "put_back": put_back,
                "before": before,
                "after": _look(self._net, paths),
            }
            pipe.write(json.dumps(answer) + "\n")
            pipe.flush()

    def _put_back(self, first: dict[str, list[Any]], paths: list[str]) -> list[list[str]]:
        """Write what differs from the first values; return what was written, in order."""
        wrote = []
        for _ in range(2):
            for path in sorted(paths, key=lambda path: (not path.endswith("forward"), path)):
                mode, text = first[path]
                if text is None or not mode & 0o200:
                    continue
                file = Path(self._net, path[4:])
                if file.read_bytes().decode("utf-8", "backslashreplace") != text:
                    with contextlib.suppress(OSError):
                        file.write_text(text)
                    wrote.append([path, text])
        return wrote


def _values(net: str) -> dict[str, list[Any]]:
    """Return path → permission bits and text of every key; None for what cannot be read."""
    found: dict[str, list[Any]] = {}
    for folder, _, names in os.walk(net):
        for name in names:
            path = f"{folder}/{name}"
            try:
                with open(path, "rb") as file:  # noqa: PTH123 - half the time
                    text: str | None = file.read().decode("utf-8", "backslashreplace")
            except OSError:
                text = None
            found["net" + path[len(net) :]] = [Path(path).stat().st_mode & 0o777, text]
    return found


def _look(net: str, paths: list[str]) -> dict[str, str | None]:
    """Return path → text of some keys."""
    found: dict[str, str | None] = {}
    for path in paths:
        try:
            with open(net + path[3:], "rb") as file:  # noqa: PTH123
                found[path] = file.read().decode("utf-8", "backslashreplace")
        except OSError:
            found[path] = None
    return found


def _writes(trace: str) -> list[list[Any]]:
    """Return path, bytes, result and errno of every write to /proc/sys."""
    found = []
    for match in _WRITE.finditer(trace):
        path = _unhex(match[1]).decode("utf-8", "backslashreplace")
        _, there, below = path.partition("/proc/sys/")
        if there:
            data = base64.b64encode(_unhex(match[2])).decode()
            found.append([below, data, int(match[3]), match[4] or ""])
    return found


def _unhex(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def main() -> None:
    """Answer requests until the input ends."""
    _LIBC.prctl(1, signal.SIGKILL, 0, 0, 0)
    room = Room(sys.argv[1], sys.argv[2])
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        try:
            answer = room.run(json.loads(line))
        except (OSError, subprocess.SubprocessError) as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)
    room.close()


if __name__ == "__main__":
    main()
