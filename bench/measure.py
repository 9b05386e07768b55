"""What a command costs: the CPU seconds of its whole process tree, memory, threads and files."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_TICK = 0.05  # seconds between two looks at a watched process


@dataclass(frozen=True, slots=True)
class Cost:
    """One run of one command. Seconds, and bytes."""

    cpu: float
    wall: float
    memory: int  # the largest process of the tree
    status: int
    threads: int = 0  # peak, of a watched command itself
    files: int = 0  # peak of open descriptors, likewise
    output: str = ""


def run(
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    watch: bool = False,
    limit: float = 1800,
) -> Cost:
    """Run a command and return what it cost.

    A process between us and the command adopts what the command leaves behind (an ssh master, for
    one), ends it and counts it. A server started elsewhere is no part of that tree.

    Raises:
        ChildProcessError: the command did not start, or did not end within ``limit`` seconds.
    """
    with tempfile.TemporaryDirectory() as name:
        said = Path(name, "said")
        result = Path(name, "cost")
        child = os.fork()
        if child == 0:
            try:
                cost = _run(command, environment, folder, said, watch=watch, limit=limit)
                result.write_text(json.dumps(asdict(cost)))
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        output = said.read_text(errors="replace") if said.exists() else ""
        if not result.exists():
            raise ChildProcessError(f"{command[0]} did not end well:\n{output[-2000:]}")
        return Cost(**{**json.loads(result.read_text()), "output": output})


def _run(
    command: Sequence[str],
    environment: Mapping[str, str] | None,
    folder: Path | None,
    said: Path,
    *,
    watch: bool,
    limit: float,
) -> Cost:
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    threads = files = 0
    with said.open("wb") as stream:
        started = time.monotonic()
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=folder,
        )
        if watch:
            while child.poll() is None and time.monotonic() - started < limit:
                look = _look(child.pid)
                threads, files = max(threads, look[0]), max(files, look[1])
                time.sleep(_TICK)
        status = child.wait(max(1, limit - (time.monotonic() - started)))
        wall = time.monotonic() - started
    _end_orphans()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(
        cpu=used.ru_utime + used.ru_stime,
        wall=wall,
        memory=used.ru_maxrss * 1024,
        status=status,
        threads=threads,
        files=files,
    )


def _look(process: int) -> tuple[int, int]:
    """Return threads and open descriptors of a process, zeros if it has gone."""
    try:
        threads, files = Path(f"/proc/{process}/task"), Path(f"/proc/{process}/fd")
        return len(list(threads.iterdir())), len(list(files.iterdir()))
    except OSError:
        return 0, 0


def _end_orphans() -> None:
    """Ask the processes that the command left to end, and reap them."""
    until = time.monotonic() + 10
    while True:
        mine = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        for process in mine:
            os.kill(int(process), signal.SIGTERM if time.monotonic() < until else signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(_TICK)


def median(costs: Sequence[Cost], unit: int = 1) -> float:
    """Return the median CPU seconds, divided by the number of hosts."""
    return statistics.median(cost.cpu for cost in costs) / unit
