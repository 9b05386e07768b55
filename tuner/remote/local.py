"""This machine as a host: the script runs in a shell of its own process group."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from types import TracebackType
from typing import Self

from tuner.errors import ConnectError, TimedOut
from tuner.inventory.host import Host
from tuner.remote.become import Command, make_command
from tuner.remote.exchange import Exchange
from tuner.remote.me import login
from tuner.remote.transport import Completed, Whole

_CHUNK = 65536  # bytes read at once
_GRACE = 2.0  # seconds between asking a process to end and no longer waiting for it


class Local:
    """The way to the machine that tuner runs on."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Do nothing: every script had its own process."""

    def run(
        self, script: str, *, timeout: float, limit: int, whole: Whole | None = None
    ) -> Completed:
        """Run a script; see Transport.run."""
        where = f"{self._host.name} (local)"
        become = self._host.become
        command = make_command(become, login() if become is not None else "")
        with _Process(command, where=where) as process:
            return Exchange(
                process, command, timeout=timeout, limit=limit, where=where, whole=whole
            ).run(script)


class _Process:
    """A shell with three pipes."""

    def __init__(self, command: Command, *, where: str) -> None:
        self._where = where
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                ["/bin/sh", "-c", command.text],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                bufsize=0,
            )
        except OSError as error:
            raise ConnectError(
                f"{where}: cannot start /bin/sh: {error.strerror}",
                hint="is /bin/sh there, and is the process limit reached?",
            ) from None
        self._selector = selectors.DefaultSelector()
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                self._selector.register(pipe, selectors.EVENT_READ)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End what is left of the process group, and close the pipes."""
        self._selector.close()
        process = self._process
        if process.poll() is None:
            for number in (signal.SIGTERM, signal.SIGKILL):
                # a sudo of root's is not ours to kill; it ends when its pipes close
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, number)
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE)

    def read(self, seconds: float) -> tuple[bytes, bytes] | None:
        """Return what came; see Running.read."""
        if not self._selector.get_map():
            return None
        got = {self._process.stdout: b"", self._process.stderr: b""}
        for key, _ in self._selector.select(seconds):
            chunk = os.read(key.fd, _CHUNK)
            if not chunk:
                self._selector.unregister(key.fileobj)
            got[key.fileobj] = chunk  # type: ignore[index]
        return got[self._process.stdout], got[self._process.stderr]

    def write(self, data: bytes, seconds: float) -> None:
        """Write to stdin; see Running.write."""
        pipe = self._process.stdin
        if pipe is None or pipe.closed:
            return
        end = time.monotonic() + seconds
        os.set_blocking(pipe.fileno(), False)
        view = memoryview(data)
        with selectors.DefaultSelector() as selector, contextlib.suppress(BrokenPipeError):
            selector.register(pipe, selectors.EVENT_WRITE)
            while view:
                if not selector.select(max(0.0, end - time.monotonic())):
                    raise TimedOut(
                        f"{self._where}: the shell took no script in {seconds:.0f} s",
                        hint="is the machine overloaded?",
                    )
                view = view[os.write(pipe.fileno(), view) :]

    def finish(self) -> None:
        """Close stdin."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()

    def status(self, seconds: float) -> int:
        """Return the exit status; see Running.status."""
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise TimedOut(
                f"{self._where}: the shell closed its output and did not end",
                hint="what keeps it? See ps on this machine",
            ) from None
        return code if code >= 0 else -1
