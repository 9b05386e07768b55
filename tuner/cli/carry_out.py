"""Carry changes out on many hosts: look, ask, change batch by batch, note it, and tell the ends."""

from __future__ import annotations

import argparse
import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TypeVar

from rich.console import Console
from rich.text import Text

from tuner.apply.commit import Terms, check, commit, put_back, settle, whoami
from tuner.apply.job import Job
from tuner.apply.journal import Journal, Run, default_path, read_runs
from tuner.apply.outcome import Ending, Outcome
from tuner.apply.rollout import Rollout, Strategy, batches, parse_size
from tuner.apply.soak import Soak
from tuner.cli.consoles import on_stderr, on_stdout
from tuner.cli.endings import End, print_end, print_recap
from tuner.cli.exits import Exit
from tuner.cli.fan_out import ask, failure, settings_of
from tuner.errors import JournalError, UsageError
from tuner.inventory.host import Host
from tuner.remote.session import Session
from tuner.report._clean import clean
from tuner.report._report import Failure, fold

_T = TypeVar("_T")

_INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Intent:
    """What a command is about to do. ``jobs`` by host name; a host without one needs nothing."""

    kind: str
    source: str  # the inventory or the saved plan, as an absolute path
    hosts: tuple[Host, ...]
    jobs: Mapping[str, Job]
    show: Callable[[Console], None]
    ends: Mapping[str, End] = field(default_factory=dict)  # of hosts that are out already


def new_id() -> str:
    """Return the name of a run, which is also that of the bundles that it leaves; sorts by time."""
    return f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{secrets.token_hex(2)}"


def journal_path(options: argparse.Namespace) -> Path:
    """Return where the journal is."""
    return Path(options.journal) if options.journal else default_path(os.environ)


def carry_out(intent: Intent, number: str, options: argparse.Namespace) -> Exit:
    """Do what is intended, under the id that the jobs carry, and return the exit code.

    Raises:
        UsageError: a flag means nothing, nobody can be asked, or there is nothing to resume.
    """
    return _Work(intent, number, options).run()


class _Work:
    """The course of one command."""

    def __init__(self, intent: Intent, number: str, options: argparse.Namespace) -> None:
        self._intent = intent
        self._number = number
        self._options = options
        self._strategy = _strategy(options)
        self._terms = Terms(options.revert_in)
        self._console = on_stderr()
        self._ends: dict[str, End] = dict(intent.ends)
        self._begun: set[str] = set()
        self._stopped = ""

    def run(self) -> Exit:
        """Do it all."""
        intent = self._intent
        previous = _last_run(self._options, intent) if self._options.resume else None
        hosts = [host for host in intent.hosts if host.name not in self._ends]
        for host in hosts:
            if host.name not in intent.jobs:
                self._ends[host.name] = Outcome(host.name, Ending.UNCHANGED)
        with Session(settings_of(self._options)) as session:
            if previous is not None:
                self._go_on(previous, hosts, session)
            ready = self._look(self._left(hosts), session)
            intent.show(on_stdout())
            for name, end in self._ends.items():
                if _failed(end):
                    print_end(name, end, self._console)
            if ready:
                self._warn(ready)
                self._agree(ready)
                self._change(hosts, ready, session)
        print_recap(
            [host.name for host in intent.hosts],
            self._ends,
            frozenset(self._begun),
            on_stdout(),
        )
        if self._stopped:
            self._say(f"stopped: {self._stopped}; --resume goes on")
        return self._exit()

    def _left(self, hosts: Sequence[Host]) -> list[Host]:
        return [host for host in hosts if host.name not in self._ends]

    def _go_on(self, previous: Run, hosts: Sequence[Host], session: Session) -> None:
        """Count what an earlier run did as done, and bring to an end what it left open."""
        known = {host.name: host for host in hosts}
        for name in previous.done & set(known):
            self._ends[name] = Outcome(name, Ending.CONFIRMED, bundle=previous.id)

        def work(host: Host, session: Session) -> str:
            return settle(host, Job(previous.id), session).end

        def arrive(host: Host, end: str | Failure) -> None:
            if isinstance(end, Failure):
                self._ends[host.name] = end
            elif end == "confirmed":
                self._ends[host.name] = Outcome(host.name, Ending.CONFIRMED, bundle=previous.id)
            elif end not in {"reverted", "untouched"}:
                self._ends[host.name] = Outcome(
                    host.name,
                    Ending.FAILED,
                    f"change {previous.id} has not come to its end there",
                    "tuner status tells how far it is",
                )

        lost = [known[name] for name in previous.open if name in known]
        self._ask(work, lost, arrive, session)

    def _look(self, hosts: Sequence[Host], session: Session) -> list[Host]:
        """Return the hosts that can be changed, having looked at all before any is."""
        jobs = self._intent.jobs

        def work(host: Host, session: Session) -> Outcome | None:
            return check(host, jobs[host.name], session)

        def arrive(host: Host, end: Outcome | Failure | None) -> None:
            if end is not None:
                self._ends[host.name] = end

        self._ask(work, hosts, arrive, session)
        return self._left(hosts)

    def _ask(
        self,
        work: Callable[[Host, Session], _T],
        hosts: Sequence[Host],
        arrive: Callable[[Host, _T | Failure], None],
        session: Session,
    ) -> None:
        if ask(
            work,
            hosts,
            options=self._options,
            arrive=arrive,
            console=self._console,
            session=session,
        ):
            raise KeyboardInterrupt

    def _warn(self, ready: Sequence[Host]) -> None:
        """Name the keys that could not be put back, before anything is done."""
        lost: dict[str, list[str]] = {}
        for host in ready:
            for write in self._intent.jobs[host.name].writes:
                if not write.restorable:
                    lost.setdefault(write.key, []).append(host.name)
        for key, names in lost.items():
            self._say(f"{key} could not be put back on {', '.join(fold(names))}")

    def _agree(self, ready: Sequence[Host]) -> None:
        """Ask whether to change the hosts that can be.

        Raises:
            UsageError: nobody can be asked, or the answer is no.
        """
        if self._options.yes:
            return
        if not sys.stdin.isatty():
            raise UsageError(
                "nothing was changed: there is no terminal to ask on",
                hint="look at the plan, then say --yes",
            )
        sys.stdout.flush()
        hosts = f"{len(ready)} host" + ("" if len(ready) == 1 else "s")
        if input(f"Change {hosts}? [y/N] ").strip().lower() not in {"y", "yes"}:
            raise UsageError(
                "nothing was changed: you did not agree", hint="answer y, or give --yes"
            )

    def _change(self, hosts: Sequence[Host], ready: Sequence[Host], session: Session) -> None:
        intent, options = self._intent, self._options
        journal = Journal(journal_path(options), self._number)
        journal.begin(
            intent.kind,
            intent.source,
            [host.name for host in hosts],
            {"who": whoami(), "pid": os.getpid(), "revert_in": options.revert_in},
        )
        for end in self._ends.values():
            if isinstance(end, Outcome):
                journal.outcome(end)

        def act(host: Host) -> Outcome:
            return commit(
                host,
                intent.jobs[host.name],
                session,
                terms=self._terms,
                watch=lambda stage: self._note(journal, host, stage),
            )

        def back(host: Host, why: str) -> Outcome:
            self._note(journal, host, "put back")
            return put_back(host, self._number, why, session, terms=self._terms, number=new_id())

        soak = Soak(session, options.soak, options.forks, self._say) if options.soak else None
        with _interrupts(self._say) as count:
            rollout = Rollout(act, back, soak, lambda: count() > 0, self._say)
            try:
                self._roll(rollout, hosts, ready, soak, journal)
            except KeyboardInterrupt:
                self._stopped = _INTERRUPTED
                self._tell_open()
            except JournalError as error:
                self._stopped = error.message
                self._tell_open()
            else:
                self._stopped = rollout.stopped
                if self._stopped:
                    journal.stop(self._stopped)
                journal.end()
                journal.close()

    def _roll(
        self,
        rollout: Rollout,
        hosts: Sequence[Host],
        ready: Sequence[Host],
        soak: Soak | None,
        journal: Journal,
    ) -> None:
        if soak is not None:
            soak.start(ready)
        for host, result in rollout.run(
            batches(ready, self._strategy),
            self._strategy,
            total=len(hosts),
            failures=sum(map(_failed, self._ends.values())),
        ):
            end: End
            if isinstance(result, Outcome):
                end = result
            elif host.name in self._begun:
                end = Outcome(host.name, Ending.FAILED, result.message, result.hint)
            else:
                end = failure(result)
            self._ends[host.name] = end
            print_end(host.name, end, self._console)
            if isinstance(end, Outcome):
                journal.outcome(end)

    def _note(self, journal: Journal, host: Host, stage: str) -> None:
        journal.stage(host.name, stage)
        self._begun.add(host.name)

    def _tell_open(self) -> None:
        """Say what becomes of the hosts that were under way."""
        names = sorted(self._begun - self._ends.keys())
        if names:
            self._say(
                f"under way: {', '.join(names)}; what nobody confirms puts itself back within "
                f"{self._options.revert_in} s; tuner status asks"
            )

    def _say(self, sentence: str) -> None:
        self._console.print(Text(f"tuner: {clean(sentence, longest=2000)}"), soft_wrap=True)

    def _exit(self) -> Exit:
        if self._stopped == _INTERRUPTED:
            return Exit.INTERRUPTED
        ends = self._ends.values()
        if any(isinstance(end, Outcome) and _failed(end) for end in ends):
            return Exit.CHANGE_FAILED
        if any(isinstance(end, Failure) for end in ends) or self._stopped:
            return Exit.INCOMPLETE
        return Exit.CLEAN


def _failed(end: End) -> bool:
    return isinstance(end, Failure) or end.ending in {Ending.REVERTED, Ending.FAILED}


def _strategy(options: argparse.Namespace) -> Strategy:
    """Return how the flags want hosts to be changed.

    Raises:
        UsageError: a size is none.
    """
    sizes = [text for text in options.serial.split(",") if text.strip()]
    return Strategy(
        serial=tuple(parse_size(text, flag="--serial") for text in sizes),
        max_fail=parse_size(options.max_fail, flag="--max-fail", least=0),
        forks=options.forks,
    )


def _last_run(options: argparse.Namespace, intent: Intent) -> Run:
    """Return the run that is to be gone on with.

    Raises:
        UsageError: there is none, or it was about something else.
    """
    path = journal_path(options)
    runs = [run for run in read_runs(path) if run.kind == intent.kind]
    if not runs:
        raise UsageError(f"--resume: {path} knows of no {intent.kind}", hint="leave --resume out")
    if _at_work(runs[-1]):
        raise UsageError(
            f"--resume: run {runs[-1].id} is still at work, as process {runs[-1].settings['pid']}",
            hint="wait for it, or end it",
        )
    if runs[-1].source != intent.source:
        raise UsageError(
            f"--resume: the last {intent.kind} was of {runs[-1].source}, not of {intent.source}",
            hint="name the same inventory or plan again",
        )
    return runs[-1]


def _at_work(run: Run) -> bool:
    """Whether a run goes on in a process of this very machine and user."""
    pid = run.settings.get("pid")
    if run.ended or run.settings.get("who") != whoami() or not isinstance(pid, int):
        return False
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


@contextmanager
def _interrupts(say: Callable[[str], None]) -> Iterator[Callable[[], int]]:
    """Count Ctrl-C: the first one is asked for with the function, the second one interrupts."""
    count = 0

    def heard(_signal: int, _frame: FrameType | None) -> None:
        nonlocal count
        count += 1
        if count > 1:
            raise KeyboardInterrupt
        say("stopping after this batch; Ctrl-C again stops at once")

    before = signal.signal(signal.SIGINT, heard)
    try:
        yield lambda: count
    finally:
        signal.signal(signal.SIGINT, before)
