"""The socket under an SSH connection: read in large pieces, never polled, bounded."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Protocol

from paramiko import Message, SSHException
from paramiko.common import (
    MSG_CHANNEL_CLOSE,
    MSG_CHANNEL_FAILURE,
    MSG_CHANNEL_OPEN_SUCCESS,
    MSG_CHANNEL_WINDOW_ADJUST,
    MSG_DEBUG,
    MSG_IGNORE,
)
from paramiko.packet import Packetizer

_CHUNK = 65536  # bytes asked of the kernel at once
_LARGEST_PACKET = 1 << 20  # bytes; OpenSSH's own limit is a quarter of it
_HEAD = 512  # first bytes kept, to say what answered if it was no SSH server


class Stream(Protocol):
    """What a connection runs over: a socket, or a channel of a jump host."""

    def recv(self, size: int, /) -> bytes:
        """Return some bytes, none at the end."""
        ...

    def sendall(self, data: bytes, /) -> None:
        """Send all of it."""
        ...

    def close(self) -> None:
        """Give it up."""
        ...


class Wire:
    """A stream as paramiko wants its socket.

    paramiko asks for a few bytes at a time and polls ten times a second; here it gets them from
    a buffer, and waits until there is something or until ``close``, which any thread may call.
    ``allowance`` is how many more bytes the other end may send; None is no bound.
    """

    def __init__(self, stream: Stream, *, allowance: int | None) -> None:
        self._stream = stream
        self._buffer = b""
        self._at = 0
        self.allowance = allowance
        self.head = b""
        self.overrun = False
        self.reset = False  # the other end broke the connection off
        self._closed = False  # paramiko looks at a socket's own name for it
        self.expired = False  # it was closed because its time was up

    def recv(self, size: int) -> bytes:
        """Return at most ``size`` bytes, none at the end."""
        if self._at >= len(self._buffer):
            try:
                chunk = self._stream.recv(_CHUNK)
            except OSError:
                self.reset = not self._closed
                chunk = b""
            if len(self.head) < _HEAD:
                self.head += chunk[: _HEAD - len(self.head)]
            if self.allowance is not None:
                self.allowance -= len(chunk)
                if self.allowance < 0:
                    self.overrun = True
                    chunk = b""
            self._buffer, self._at = chunk, 0
        start = self._at
        self._at = start + size
        return self._buffer[start : start + size]

    def send(self, data: bytes) -> int:
        """Send all of it; return its length."""
        self._stream.sendall(data)
        return len(data)

    def settimeout(self, _seconds: float | None) -> None:
        """Do nothing: deadlines are kept by the caller, who closes the wire."""

    def close(self) -> None:
        """Close it, and wake a thread that waits in ``recv``."""
        self._closed = True
        if isinstance(self._stream, socket.socket):
            with contextlib.suppress(OSError):
                self._stream.shutdown(socket.SHUT_RDWR)
        self._stream.close()


class QuietPacketizer(Packetizer):
    """paramiko's packets, bounded in size, and without a timer thread for each handshake.

    It says nothing more of a channel that it has closed. paramiko lets a thread that writes be
    overtaken by one that closes; to sshd, data for a channel that is no more is a reason to end the
    whole connection, which of a jump host is that of all hosts behind it.
    """

    def __init__(self, stream: Wire) -> None:
        super().__init__(stream)  # type: ignore[arg-type]
        self._turn = threading.Lock()
        self._closed_channels: set[bytes] = set()  # by the other end's numbers

    def read_all(self, n: int, check_rekey: bool = False) -> bytes:  # noqa: FBT001, FBT002 - paramiko's signature
        """Return ``n`` bytes; the number comes from the other end, which may lie.

        Raises:
            SSHException: it is more than any packet has.
            EOFError: the connection ended before.
        """
        if n > _LARGEST_PACKET:
            raise SSHException("the server sent a packet that is too large")
        return super().read_all(n, check_rekey)

    def read_message(self) -> tuple[int, Message]:
        """Return the type and the text of the next message; debug messages become idle ones.

        sshd sends two for each key with options. paramiko reads them letter by letter, for a log
        that nobody keeps.
        """
        kind, message = super().read_message()
        if kind == MSG_CHANNEL_OPEN_SUCCESS:  # the number may be that of an earlier one
            self._closed_channels.discard(message.asbytes()[4:8])
        return MSG_IGNORE if kind == MSG_DEBUG else kind, message

    def send_message(self, data: Message) -> None:
        """Send a message, unless it is for a channel that is closed (RFC 4254 section 5.3)."""
        text = data.asbytes()
        with self._turn:
            if MSG_CHANNEL_WINDOW_ADJUST <= text[0] <= MSG_CHANNEL_FAILURE:
                channel = text[1:5]
                if channel in self._closed_channels:
                    return
                if text[0] == MSG_CHANNEL_CLOSE:
                    self._closed_channels.add(channel)
            super().send_message(data)

    def start_handshake(self, timeout: float) -> None:
        """Do nothing: the caller keeps the deadline."""

    def handshake_timed_out(self) -> bool:
        """Return False: the caller keeps the deadline."""
        return False

    def complete_handshake(self) -> None:
        """Do nothing."""


class Watch:
    """Closes wires whose time is up, for calls into paramiko that wait without a deadline."""

    _TICK = 0.2  # seconds between looks

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ends: dict[Wire, float] = {}
        self._started = False

    @contextlib.contextmanager
    def guard(self, wire: Wire, seconds: float) -> Iterator[None]:
        """Close the wire if the block takes longer; ``wire.expired`` tells."""
        with self._lock:
            self._ends[wire] = time.monotonic() + seconds
            if not self._started:
                self._started = True
                threading.Thread(target=self._look, name="watch", daemon=True).start()
        try:
            yield
        finally:
            with self._lock:
                self._ends.pop(wire, None)

    def _look(self) -> None:
        while True:
            time.sleep(self._TICK)
            now = time.monotonic()
            with self._lock:
                late = [wire for wire, end in self._ends.items() if end < now]
                for wire in late:
                    del self._ends[wire]
                idle = not self._ends
                self._started = not idle
            for wire in late:
                wire.expired = True
                wire.close()
            if idle:
                return
