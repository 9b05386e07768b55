"""What an SSH connection runs over: TCP, a proxy command, or a channel of a jump host."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence

import paramiko

from tuner.errors import ConnectError, TimedOut, TransportError
from tuner.quoting import quotable
from tuner.remote.ssh_options import Route
from tuner.remote.wire import Stream

_FAMILIES = {"inet": socket.AF_INET, "inet6": socket.AF_INET6}
_REASONS = {
    errno.EMFILE: ("too many open files", "ask fewer hosts at a time (--forks)"),
    errno.ENETUNREACH: (
        "there is no route to its network",
        "is its address right, and the VPN or interface that leads there up?",
    ),
    errno.EHOSTUNREACH: ("there is no route to it", "is it up, and its address right?"),
    errno.ECONNREFUSED: (
        "connection refused",
        "is sshd running there, and is it on this port?",
    ),
    errno.EADDRNOTAVAIL: (
        "no local address or port is left for it",
        "ask fewer hosts at a time (--forks), and see BindAddress in ssh_config",
    ),
}
_OTHERWISE = "try it by hand: ssh HOST"
BEFORE_GREETING = "before it named itself"


class DroppedError(Exception):
    """The server dropped the connection before authentication; it may be worth another try."""


def open_stream(
    route: Route, label: str, via: paramiko.Transport | None, *, timeout: float
) -> Stream:
    """Return an open stream to a host's sshd.

    Args:
        route: whom to reach.
        label: how to call it in messages.
        via: the last jump host, None to go there directly.
        timeout: seconds.

    Raises:
        ConnectError: nobody listens, no such name, the jump host or proxy command failed.
        DroppedError: it took the connection, and reset it at once.
        TimedOut: nobody answered in time.
    """
    if via is not None:
        return _through(via, route, label, timeout)
    if route.proxy_command:
        return ProxyCommand(route.proxy_command, label)
    return _tcp(route, label, timeout)


def _tcp(route: Route, label: str, timeout: float) -> socket.socket:
    end = time.monotonic() + timeout
    family = _FAMILIES.get(route.family, socket.AF_UNSPEC)
    try:
        places = socket.getaddrinfo(route.address, route.port, family, socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        why = error.strerror if isinstance(error, socket.gaierror) else "not a name"
        raise ConnectError(
            f"{label}: cannot resolve {route.address}: {why}",
            hint="set ansible_host, or HostName in ssh_config",
        ) from None
    trouble: TransportError | DroppedError | None = None
    for kind, form, protocol, _, place in places:
        left = end - time.monotonic()
        if left <= 0:
            break
        try:
            stream = socket.socket(kind, form, protocol)
        except OSError as error:
            raise _failure(error, label) from None
        try:
            stream.settimeout(left)
            if route.bind:
                stream.bind((route.bind, 0))
            stream.connect(place)
            # without it every small packet waits for an acknowledgement
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            stream.settimeout(None)
        except TimeoutError:
            stream.close()
        except ConnectionResetError:  # what else the handshake would meet a moment later
            stream.close()
            trouble = DroppedError(BEFORE_GREETING)
        except OSError as error:
            stream.close()
            trouble = _failure(error, label)
        else:
            return stream
    raise trouble or TimedOut(
        f"{label}: no TCP connection within {timeout:g} s",
        hint="is it up, and does a firewall drop packets to this port?",
    )


def _failure(error: OSError, label: str) -> ConnectError:
    reason, hint = _REASONS.get(
        error.errno or 0, (error.strerror or type(error).__name__, _OTHERWISE)
    )
    return ConnectError(f"{label}: {reason}", hint=hint)


def _through(via: paramiko.Transport, route: Route, label: str, timeout: float) -> Stream:
    try:
        return via.open_channel(
            "direct-tcpip", (route.address, route.port), ("127.0.0.1", 0), timeout=timeout
        )
    except paramiko.ChannelException as error:
        raise _out_of_reach(label, f": {error.text or 'no reason given'}") from None
    except (paramiko.SSHException, OSError, EOFError) as error:
        if "timeout" in str(error).lower():
            raise TimedOut(
                f"{label}: the jump host did not connect within {timeout:g} s",
                hint="is the host up, and may the jump host reach it?",
            ) from None
        if via.is_active():  # paramiko gave the reason to another thread
            raise _out_of_reach(label) from None
        raise ConnectError(
            f"{label}: the connection to the jump host broke",
            hint="try again; if it stays so, see sshd's log on the jump host",
        ) from None


def _out_of_reach(label: str, reason: str = "") -> ConnectError:
    return ConnectError(
        f"{label}: the jump host cannot reach it{reason}",
        hint="does the jump host allow forwarding (AllowTcpForwarding), and resolve the name?",
    )


class ProxyCommand:
    """A command whose standard input and output are the way to a host."""

    def __init__(self, command: str, label: str) -> None:
        self._lock = threading.Lock()
        self._closed = False
        self._said = ""
        self._near, far = socket.socketpair()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in close
        try:
            self._process = subprocess.Popen(  # noqa: S603 - ssh_config(5): the user's shell runs it
                [os.environ.get("SHELL") or "/bin/sh", "-c", f"exec {command}"],
                stdin=far.fileno(),
                stdout=far.fileno(),
                stderr=self._errors.fileno(),
                start_new_session=True,
            )
        except OSError as error:
            self._near.close()
            self._errors.close()
            raise ConnectError(
                f"{label}: cannot start its proxy command: {error}",
                hint="see ProxyCommand in ssh_config or ansible_ssh_common_args",
            ) from None
        finally:
            far.close()

    def recv(self, size: int, /) -> bytes:
        """Return some bytes, none at the end."""
        return self._near.recv(size)

    def sendall(self, data: bytes, /) -> None:
        """Send all of it."""
        self._near.sendall(data)

    def complaint(self) -> str:
        """Return the last line that the command said on its standard error; closes it."""
        self.close()
        lines = [line.strip() for line in self._said.splitlines() if line.strip()]
        return quotable(lines[-1]) if lines else ""

    def ask_to_end(self) -> None:
        """Tell the command to end, and do not wait for it."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if self._process.returncode is None:
                os.killpg(self._process.pid, signal.SIGTERM)

    def close(self, patience: float = 1.0) -> None:
        """End the command; after so many seconds it is killed."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            with contextlib.suppress(OSError):
                self._near.shutdown(socket.SHUT_RDWR)
            self._near.close()
            for number in (signal.SIGTERM, signal.SIGKILL):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._process.pid, number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(patience)
                    break
            with contextlib.suppress(OSError):
                self._said = os.pread(self._errors.fileno(), 4096, 0).decode("utf-8", "replace")
            self._errors.close()


def end_all(proxies: Sequence[ProxyCommand], *, patience: float = 1.0) -> None:
    """End commands together, and kill those that have not ended after so many seconds."""
    end = time.monotonic() + patience
    for proxy in proxies:
        proxy.ask_to_end()
    for proxy in proxies:
        proxy.close(max(0.0, end - time.monotonic()))
