"""What one run of tuner knows and keeps about connections: settings, keys, jump hosts."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from tuner.errors import ConnectError
from tuner.inventory.host import Host, Way
from tuner.quoting import quotable
from tuner.remote.transport import Transport

if TYPE_CHECKING:
    from tuner.remote.ssh import Wires

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Settings:
    """How to connect. Times in seconds, sizes in bytes.

    ``ssh_config`` None: ~/.ssh/config, then /etc/ssh/ssh_config; a file stands for both.
    ``passphrase`` is asked for the passphrase of a key file, and answers None for none.
    """

    connect_timeout: float = 10.0
    banner_timeout: float = 10.0  # until the server has named itself and agreed on keys
    auth_timeout: float = 10.0
    command_timeout: float = 30.0
    answer_limit: int = 16 * MIB
    retries: int = 3  # of connections that the server dropped before it named itself
    retry_delay: float = 0.25  # before the first of them; doubled each time, with jitter
    ssh_config: str | Path | None = None
    accept_new_host_keys: bool = False
    passphrase: Callable[[str], str | None] | None = None


class Session:
    """Everything that the hosts of one run share. Safe for many threads; close it at the end."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self._lock = threading.Lock()
        self._wires: Wires | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections to jump hosts."""
        self.close()

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences about options that matter and were not followed, each once."""
        return self._wires.warnings if self._wires is not None else ()

    def connect(self, host: Host) -> AbstractContextManager[Transport]:
        """Return an open way to a host, to be used in a ``with`` statement.

        Raises:
            TransportError: there is none, this time.
        """
        match host.way:
            case Way.LOCAL:
                from tuner.remote.local import Local  # noqa: PLC0415 - only where it is needed

                return Local(host)
            case Way.SSH:
                return self._ssh().connect(host)
            case Way.DUMP:
                raise ConnectError(
                    f"{host.name} is a dump: it runs nothing", hint="leave it out with --limit"
                )
            case Way.OTHER:
                raise ConnectError(
                    f"{host.name}: ansible_connection is {quotable(host.connection)!r}, which "
                    "tuner cannot use",
                    hint=f"use ssh or local, or leave the host out: --limit 'all:!{host.name}'",
                )

    def close(self) -> None:
        """Close the connections to jump hosts."""
        with self._lock:
            if self._wires is not None:
                self._wires.close()

    def _ssh(self) -> Wires:
        with self._lock:
            if self._wires is None:
                with _hidden("invoke"):  # half of paramiko's import, for a reader we do not use
                    from tuner.remote.ssh import Wires  # noqa: PLC0415 - costs 0.1 s

                self._wires = Wires(self.settings)
            return self._wires


@contextmanager
def _hidden(module: str) -> Iterator[None]:
    """Let imports of an optional module fail while others are imported."""
    before = sys.modules.get(module)
    sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[module]
        if before is not None:
            sys.modules[module] = before
