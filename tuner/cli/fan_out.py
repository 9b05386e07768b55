"""Ask many hosts, show how far it is, and keep every answer and every failure."""

from __future__ import annotations

import argparse
import contextlib
import getpass
import re
import sys
import termios
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tuner.errors import TunerError
from tuner.inventory.host import Host
from tuner.remote.fleet import each
from tuner.remote.session import Session, Settings
from tuner.report._clean import clean
from tuner.report._report import Failure

Result = TypeVar("Result")


class _Terminal:
    """The terminal that a progress bar and hosts' threads which need a passphrase share."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._bar: Progress | None = None
        self._before: tuple[int, list[Any]] | None = None  # file and modes, while it echoes nothing

    def ask(self, path: str) -> str | None:
        """Return the passphrase of a key that a person types, None for none."""
        with self._turn:
            bar = self._bar
            if bar is None:
                return None  # the run is over
            drawn = not bar.disable
            if drawn:
                bar.stop()
            try:
                with contextlib.suppress(OSError, termios.error):
                    file = sys.stdin.fileno()
                    self._before = file, termios.tcgetattr(file)
                return getpass.getpass(f"passphrase for {path}: ") or None
            except EOFError:
                print(file=sys.stderr)  # the cursor is still behind the question
                return None
            finally:
                self._before = None
                if drawn and self._bar is bar:
                    bar.start()

    @contextlib.contextmanager
    def beside(self, bar: Progress) -> Iterator[None]:
        """Let questions stop this bar; at the end nobody is asked any more."""
        self._bar = bar
        try:
            yield
        finally:
            self._bar = None
            # after Ctrl-C a thread still waits for an answer, and nothing that one types is shown
            if self._before is not None:
                print(file=sys.stderr)
                termios.tcsetattr(self._before[0], termios.TCSADRAIN, self._before[1])


_TERMINAL = _Terminal()


def ask(
    work: Callable[[Host, Session], Result],
    hosts: Sequence[Host],
    *,
    options: argparse.Namespace,
    arrive: Callable[[Host, Result | Failure], None],
    console: Console,
    session: Session | None = None,
) -> bool:
    """Do the work for every host and hand each result over; return whether it was interrupted.

    Args:
        work: what to do with one host; a TunerError is that host's failure.
        hosts: whom.
        options: the connection's flags.
        arrive: called once for every host, in the order of arrival.
        console: where the progress bar goes, if that is a terminal.
        session: one that goes on to be used; None for one of its own.
    """
    pending = {host.name: host for host in hosts}
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal or console.is_dumb_terminal,
    )
    with progress, _TERMINAL.beside(progress), contextlib.ExitStack() as stack:
        if session is None:
            session = stack.enter_context(Session(settings_of(options)))
        task = progress.add_task("asking hosts", total=len(hosts))
        try:
            for host, result in each(partial(_with, work, session), hosts, forks=options.forks):
                del pending[host.name]
                arrive(host, failure(result) if isinstance(result, TunerError) else result)
                progress.advance(task)
        except KeyboardInterrupt:
            for host in pending.values():
                arrive(host, Failure("interrupted", "interrupted before it answered"))
            return True
        finally:
            for warning in session.warnings:
                console.print(f"tuner: warning: {clean(warning, longest=2000)}", markup=False)
    return False


def settings_of(options: argparse.Namespace) -> Settings:
    """Return what the connection's flags say."""
    return Settings(
        connect_timeout=options.connect_timeout,
        banner_timeout=options.connect_timeout,
        auth_timeout=options.connect_timeout,
        command_timeout=options.timeout,
        ssh_config=options.ssh_config,
        accept_new_host_keys=options.accept_new_host_keys,
        passphrase=_TERMINAL.ask if sys.stdin.isatty() else None,
    )


def _with(work: Callable[[Host, Session], Result], session: Session, host: Host) -> Result:
    return work(host, session)


def failure(error: TunerError) -> Failure:
    """Return what the report says of a host that could not be judged."""
    words = re.findall(r"[A-Z][a-z]*", type(error).__name__.removesuffix("Error"))
    return Failure("-".join(words).lower(), str(error), error.hint)
