"""SSH, by paramiko's public interface: the way to a host, and the proof of who we are."""

from __future__ import annotations

import logging
import os
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from weakref import WeakSet

import paramiko

from tuner.errors import ConnectError, TransportError
from tuner.inventory.host import Host
from tuner.remote.auth import Login
from tuner.remote.become import make_command
from tuner.remote.connection import Connection
from tuner.remote.handshake import (
    OtherTypeError,
    check_host_key,
    ours,
    shake_hands,
)
from tuner.remote.keys import Candidate, Keyring
from tuner.remote.known_hosts import KnownHosts
from tuner.remote.me import expand
from tuner.remote.session import Settings
from tuner.remote.ssh_config import SshConfig
from tuner.remote.ssh_options import Route, hop_host, make_route
from tuner.remote.streams import DroppedError, ProxyCommand, end_all, open_stream
from tuner.remote.wire import Watch, Wire

_USUAL_CONFIGS = (Path("~/.ssh/config"), Path("/etc/ssh/ssh_config"))
_MOST_JUMPS = 8
_JUMP_MEMORY = 30.0  # seconds for which a failed jump host is not tried again

if not os.environ.get("TUNER_DEBUG"):
    # what goes wrong is in our errors; paramiko would print tracebacks besides
    logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)


@dataclass(slots=True)
class _Jump:
    """A jump host's connection, made by the first thread that needs it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    link: _Link | None = None
    error: TransportError | None = None
    failed: float = 0.0


@dataclass(frozen=True, slots=True)
class _Link:
    """An authenticated connection and the wire under it."""

    transport: paramiko.Transport
    wire: Wire


class Wires:
    """What the SSH connections of one run share. Safe for many threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._configs: dict[Path | None, SshConfig] = {}
        self._known: dict[tuple[Path, ...], KnownHosts] = {}
        self._jumps: dict[tuple[str, ...], _Jump] = {}
        self._proxies: WeakSet[ProxyCommand] = WeakSet()  # in a session of their own: no Ctrl-C
        self._over = False
        self._warnings: dict[str, None] = {}
        self._keyring = Keyring(settings.passphrase)
        self._watch = Watch()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was not honoured, each once."""
        return tuple(self._warnings)

    def connect(self, host: Host) -> Connection:
        """Return an open connection to a host.

        Raises:
            TransportError: there is none, this time.
        """
        route = self._route(host)
        command = make_command(host.become, route.user)
        label = _label(host, route)
        link = self._open(host, route, label, self._via(host, route))
        return Connection(link.transport, link.wire, self._watch, command, label)

    def close(self) -> None:
        """Close the connections to jump hosts, and end proxy commands of hosts under way."""
        with self._lock:
            self._over = True
            jumps = list(self._jumps.values())
            self._jumps.clear()
            proxies = list(self._proxies)
        end_all(proxies)
        for jump in reversed(jumps):
            if jump.link is not None:
                jump.link.transport.close()

    def _route(self, host: Host) -> Route:
        return make_route(
            host,
            self._config,
            accept_new=self._settings.accept_new_host_keys,
            warn=self._warn,
        )

    def _warn(self, sentence: str) -> None:
        self._warnings[sentence] = None

    def _config(self, file: Path | None) -> SshConfig:
        chosen = file or self._settings.ssh_config
        key = expand(chosen) if chosen is not None else None
        with self._lock:
            if key not in self._configs:
                if key is not None and not key.exists():
                    raise ConnectError(
                        f"there is no ssh configuration {key}",
                        hint="check --ssh-config, or ansible_ssh_common_args",
                    )
                paths = [key] if key else [expand(path) for path in _USUAL_CONFIGS]
                self._configs[key] = SshConfig(paths)
            return self._configs[key]

    def _known_hosts(self, route: Route) -> KnownHosts:
        with self._lock:
            if route.known_hosts not in self._known:
                self._known[route.known_hosts] = KnownHosts(route.known_hosts)
            return self._known[route.known_hosts]

    def _open(self, host: Host, route: Route, label: str, via: paramiko.Transport | None) -> _Link:
        """Return an authenticated connection, after as many tries as settings allow."""
        settings = self._settings
        # before there is a connection: sshd's LoginGraceTime does not wait for a person who types
        keys = (
            self._keyring.candidates(route, host.private_key_passphrase) if route.with_keys else []
        )
        kinds: tuple[str, ...] | None = None
        tries = 0
        while True:
            try:
                return self._try(host, route, label, via, kinds, keys=keys)
            except OtherTypeError as other:
                kinds = other.kinds
            except DroppedError as dropped:
                tries += 1
                if tries > settings.retries and route.proxy_command:
                    raise ConnectError(
                        f"{label}: its proxy command ended the connection {dropped}, {tries} times",
                        hint="run it by hand: does it lead to the host's sshd? "
                        f"{route.proxy_command}",
                    ) from None
                if tries > settings.retries:
                    raise ConnectError(
                        f"{label}: the server dropped the connection {dropped}, {tries} times",
                        hint="ask fewer hosts at a time (--forks), or raise sshd's MaxStartups",
                    ) from None
                pause = settings.retry_delay * 2 ** (tries - 1)
                time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - jitter is no secret

    def _try(
        self,
        host: Host,
        route: Route,
        label: str,
        via: paramiko.Transport | None,
        kinds: tuple[str, ...] | None,
        *,
        keys: Sequence[Candidate],
    ) -> _Link:
        settings = self._settings
        known = self._known_hosts(route)
        stream = open_stream(
            route, label, via, timeout=route.connect_timeout or settings.connect_timeout
        )
        if isinstance(stream, ProxyCommand):
            self._keep(stream, label)
        transport, wire = shake_hands(
            stream,
            label,
            kinds if kinds is not None else known.kinds(route.key_names),
            timeout=settings.banner_timeout,
        )
        try:
            check_host_key(
                transport,
                route,
                label,
                known,
                retried=kinds is not None,
                direct=via is None and not route.proxy_command,
            )
            Login(
                transport,
                route,
                host,
                self._keyring,
                keys,
                label=label,
                timeout=settings.auth_timeout,
            ).run()
        except OtherTypeError:
            transport.close()
            raise
        except Exception as error:  # noqa: BLE001 - judged by where it comes from
            transport.close()
            raise ours(error, label) from None
        wire.allowance = None  # from here on the channel's window bounds what it may send
        return _Link(transport, wire)

    def _keep(self, proxy: ProxyCommand, label: str) -> None:
        """Note a proxy command, which must not outlive the run.

        Raises:
            ConnectError: the run has ended meanwhile.
        """
        with self._lock:
            self._proxies.add(proxy)
            over = self._over
        if over:
            proxy.close()
            raise ConnectError(f"{label}: interrupted before it answered", hint="ask it again")

    def _via(self, host: Host, route: Route) -> paramiko.Transport | None:
        """Return the last jump host on the way, connected."""
        chain = self._chain(host, route, ())
        via: paramiko.Transport | None = None
        for count, hop in enumerate(chain, start=1):
            via = self._jump(host, chain[:count], hop, route.file, via)
        return via

    def _chain(self, host: Host, route: Route, seen: tuple[str, ...]) -> tuple[str, ...]:
        """Return all jump hosts in order: the first one of a list may need others before it."""
        if not route.jumps:
            return ()
        first = route.jumps[0]
        if first in seen or len(seen) >= _MOST_JUMPS:
            raise ConnectError(
                f"{host.name}: ProxyJump leads in a circle: {', '.join(seen)}",
                hint="mend ProxyJump in ssh_config",
            )
        inner = self._route(hop_host(first, host, route.file))
        return (*self._chain(host, inner, (*seen, first)), *route.jumps)

    def _jump(
        self,
        host: Host,
        key: tuple[str, ...],
        hop: str,
        file: Path | None,
        via: paramiko.Transport | None,
    ) -> paramiko.Transport:
        with self._lock:
            jump = self._jumps.setdefault((str(file), *key), _Jump())
        with jump.lock:
            if jump.link is not None and jump.link.transport.is_active():
                return jump.link.transport
            if jump.error is not None and time.monotonic() - jump.failed < _JUMP_MEMORY:
                raise _again(jump.error)
            jump_host = hop_host(hop, host, file)
            route = replace(self._route(jump_host), jump=True)
            try:
                jump.link = self._open(jump_host, route, f"jump host {route.where}", via)
            except TransportError as error:
                jump.error, jump.failed = error, time.monotonic()
                raise _again(error) from None
            jump.error = None
            return jump.link.transport


def _again(error: TransportError) -> TransportError:
    """Return the same trouble for another host: exceptions of threads are not shared."""
    return type(error)(error.message, hint=error.hint)


def _label(host: Host, route: Route) -> str:
    return route.where if host.name == route.address else f"{host.name} ({route.where})"
