"""An SSH connection that is open and proven, and the script that runs over it."""

from __future__ import annotations

import contextlib
import threading
import time
from types import TracebackType
from typing import Self

import paramiko

from tuner.errors import ConnectError, TimedOut
from tuner.remote.become import Command
from tuner.remote.exchange import Exchange
from tuner.remote.handshake import ours
from tuner.remote.transport import Completed, Whole
from tuner.remote.wire import Watch, Wire

_CHUNK = 65536  # bytes taken from a channel at once
_NAP = 0.05  # seconds for what is under way to come: one waking serves many packets
_MANY = 16  # packets that may lie unread; paramiko's window holds 64 of the largest
_QUIET = 2.0  # seconds without a byte; sshd on a busy host may oversleep the end of a command
_NO_CHANNEL = "Timeout opening channel."  # paramiko's words; it has no exception of its own for it


class Connection:
    """An open SSH connection to one host."""

    def __init__(
        self,
        transport: paramiko.Transport,
        wire: Wire,
        watch: Watch,
        command: Command,
        label: str,
    ) -> None:
        self._transport = transport
        self._wire = wire
        self._watch = watch
        self._command = command
        self._label = label

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        self.close()

    def close(self) -> None:
        """Close the connection."""
        with contextlib.suppress(paramiko.SSHException, OSError, EOFError):
            self._transport.close()

    def run(
        self, script: str, *, timeout: float, limit: int, whole: Whole | None = None
    ) -> Completed:
        """Run a script; see Transport.run."""
        started = time.monotonic()
        try:
            # the watch ends calls that paramiko lets wait for ever, such as the reply to exec
            with self._watch.guard(self._wire, timeout + 1.0):
                channel = self._session(timeout)
                with contextlib.closing(channel):
                    self._begin(channel)
                    return Exchange(
                        _Remote(channel, self._transport, self._label),
                        self._command,
                        timeout=timeout,
                        started=started,
                        limit=limit,
                        where=self._label,
                        whole=whole,
                    ).run(script)
        except Exception as error:  # noqa: BLE001 - judged by where it comes from
            if self._wire.expired:
                raise TimedOut(
                    f"{self._label}: no answer within {timeout:g} s",
                    hint="is the host overloaded? --timeout waits longer",
                ) from None
            raise ours(error, self._label) from None

    def _session(self, timeout: float) -> paramiko.Channel:
        """Return a new session.

        Raises:
            TimedOut: the server did not answer that it opens one.
        """
        try:
            return self._transport.open_session(timeout=timeout)
        except paramiko.SSHException as error:
            if str(error) != _NO_CHANNEL or self._wire.expired:
                raise
            raise TimedOut(
                f"{self._label}: logged in, but the server opened no session within {timeout:g} s",
                hint="does it wait for PAM's session modules? --timeout waits longer",
            ) from None

    def _begin(self, channel: paramiko.Channel) -> None:
        """Start the command.

        Raises:
            ConnectError: the server does not want to.
        """
        try:
            channel.exec_command(self._command.text)
        except paramiko.SSHException:
            # paramiko closes a channel whose request is refused, and says no more than that
            if self._wire.expired or not self._transport.is_active():
                raise
            raise ConnectError(
                f"{self._label}: logged in, but the server refuses to run a command",
                hint="does it let this login run commands, or only SFTP or a menu? "
                "See: ssh HOST true",
            ) from None


class _Bell(threading.Event):
    """Rings when either stream has something; paramiko's pipes may set it but not clear it.

    A ``patient`` one rings at the end, and before it only when much has come.
    """

    def __init__(self, channel: paramiko.Channel) -> None:
        super().__init__()
        self._channel = channel
        self.unheard = 0
        self.patient = False

    def set(self) -> None:
        """Ring, if it is worth waking somebody; called for each packet, before it is there."""
        self.unheard += 1
        ended = self._channel.eof_received or self._channel.closed
        if ended or not self.patient or self.unheard >= _MANY:
            super().set()

    def clear(self) -> None:
        """Do nothing: one pipe being empty says nothing of the other."""

    def rearm(self) -> None:
        """Clear it."""
        self.unheard = 0
        super().clear()


class _Remote:
    """A command that runs on the host."""

    def __init__(
        self, channel: paramiko.Channel, transport: paramiko.Transport, label: str
    ) -> None:
        self._channel = channel
        self._transport = transport
        self._label = label
        self._bell = _Bell(channel)
        channel.in_buffer.set_event(self._bell)
        channel.in_stderr_buffer.set_event(self._bell)

    def read(self, seconds: float) -> tuple[bytes, bytes] | None:
        """Return what came; see Running.read."""
        channel = self._channel
        self._bell.rearm()
        ended = channel.eof_received or channel.closed or not self._transport.is_active()
        out = channel.recv(_CHUNK) if channel.recv_ready() else b""
        err = channel.recv_stderr(_CHUNK) if channel.recv_stderr_ready() else b""
        if not out and not err:
            if ended:
                return None
            if self._bell.wait(min(seconds, _QUIET)):
                if not self._bell.patient:
                    time.sleep(min(_NAP, seconds))
            elif seconds > _QUIET and not self._bell.unheard:
                # a word from us wakes it; paramiko's send_ignore is malformed
                with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
                    self._transport.global_request("keepalive@openssh.com", wait=False)
        return out, err

    def write(self, data: bytes, seconds: float) -> None:
        """Write to stdin; see Running.write."""
        self._channel.settimeout(seconds)
        try:
            self._channel.sendall(data)
        except TimeoutError:
            raise TimedOut(
                f"{self._label}: the host took no script within {seconds:.0f} s",
                hint="is the host overloaded? --timeout waits longer",
            ) from None
        except OSError:
            pass  # the command has ended already; its last words say why

    def finish(self) -> None:
        """Close stdin."""
        self._bell.patient = True  # nothing that it says needs an answer any more
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            self._channel.shutdown_write()

    def status(self, seconds: float) -> int:
        """Return the exit status; see Running.status."""
        if not self._channel.status_event.wait(seconds):
            raise TimedOut(
                f"{self._label}: the script closed its output and did not end",
                hint="see what keeps the session there (ps on the host)",
            )
        status = self._channel.exit_status
        if status == -1 and not self._transport.is_active():
            raise ConnectError(
                f"{self._label}: the connection broke in the middle of the answer",
                hint="try again; if it stays so, see the host's log",
            )
        return status
