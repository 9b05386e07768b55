"""One script in, one answer out, over a running command: deadline, limit, sudo's password."""

from __future__ import annotations

import time
from typing import Protocol

from tuner.errors import AnswerError, TimedOut
from tuner.remote.become import Command, refusal, wrong_password
from tuner.remote.transport import Completed, Whole

_SILENCE = 5.0  # seconds after which to see whether all is said
_STDERR_KEPT = 65536  # bytes; more of it is read and thrown away


class Running(Protocol):
    """A command that runs somewhere, and its three streams."""

    def read(self, seconds: float) -> tuple[bytes, bytes] | None:
        """Return what came on stdout and stderr, both empty after ``seconds``, None at the end."""
        ...

    def write(self, data: bytes, seconds: float) -> None:
        """Write to stdin; a command that reads no more is no error.

        Raises:
            TimedOut: it took none of it for so long.
        """
        ...

    def finish(self) -> None:
        """Close stdin."""
        ...

    def status(self, seconds: float) -> int:
        """Return the exit status, -1 for none, once both streams are at their end."""
        ...


class Exchange:
    """The course of one script."""

    def __init__(
        self,
        running: Running,
        command: Command,
        *,
        timeout: float,
        limit: int,
        where: str,
        started: float | None = None,
        whole: Whole | None = None,
    ) -> None:
        self._running = running
        self._command = command
        self._timeout = timeout
        self._limit = limit
        self._where = where
        self._whole = whole
        self._end = (time.monotonic() if started is None else started) + timeout
        self._out: list[bytes] = []
        self._size = 0
        self._stderr = bytearray()
        self._barred = False  # sudo has a password to judge, and has not let us through yet

    def run(self, script: str) -> Completed:
        """Send the script and return what it said.

        Raises:
            TimedOut: it did not end in time.
            AnswerError: it said too much.
            BecomeError: sudo refused.
        """
        if self._command.password is None or self._pass_gate(self._command.password):
            self._running.write(script.encode(), self._left())
            self._running.finish()
        size = -1
        while self._take():
            if self._size == size and self._has_said_all():
                break
            size = self._size
        if self._has_said_all():
            return Completed(0, b"".join(self._out), bytes(self._stderr))
        done = Completed(
            self._running.status(self._left()), b"".join(self._out), bytes(self._stderr)
        )
        if self._command.user and done.status != 0:
            refused = refusal(self._command, done.stderr, where=self._where)
            if refused is not None:
                raise refused
        return done

    def _pass_gate(self, password: str) -> bool:
        """Give the password when sudo asks; return whether the gate let us through."""
        command = self._command
        asked = 0
        self._barred = True
        while True:
            seen = b"".join(self._out)
            at = seen.find(command.ready)
            if at >= 0:
                self._out = [seen[at + len(command.ready) :]]
                self._size = len(self._out[0])
                break
            prompts = self._stderr.count(command.prompt)
            if prompts > 1:
                raise wrong_password(command, where=self._where)
            if prompts > asked:
                asked = prompts
                self._running.write(password.encode() + b"\n", self._left())
            if not self._take():
                if asked and b"not in the sudoers" not in self._stderr:
                    refused = refusal(command, bytes(self._stderr), where=self._where)
                    raise refused or wrong_password(command, where=self._where)
                return False
        # sudo's prompt and lecture are no part of what the script says
        self._stderr.clear()
        self._barred = False
        self._running.write(command.go, self._left())
        return True

    def _has_said_all(self) -> bool:
        return self._whole is not None and self._whole(b"".join(self._out))

    def _left(self) -> float:
        left = self._end - time.monotonic()
        if left <= 0 and self._barred:
            raise TimedOut(
                f"{self._where}: sudo had not let us become {self._command.user} after "
                f"{self._timeout:g} s",
                hint="does sudo there wait for PAM, a directory server (LDAP, SSSD) or DNS? "
                "See `sudo -v` on the host",
            )
        if left <= 0:
            raise TimedOut(
                f"{self._where}: the answer was not complete after {self._timeout:g} s",
                hint="try --timeout with more seconds, or see what keeps the host busy",
            )
        return left

    def _take(self) -> bool:
        """Read on; return False at the end."""
        got = self._running.read(min(self._left(), _SILENCE))
        if got is None:
            return False
        out, err = got
        if out:
            self._out.append(out)
            self._size += len(out)
            if self._size > self._limit:
                mib = self._limit >> 20
                most = f"{mib} MiB" if mib else f"{self._limit} bytes"
                raise AnswerError(
                    f"{self._where}: the answer is larger than {most}",
                    hint="is it the probe that answers there? See: echo true | ssh HOST 'sh -s'",
                )
        if err and len(self._stderr) < _STDERR_KEPT:
            self._stderr += err[: _STDERR_KEPT - len(self._stderr)]
        return True
