"""What a run has done, on the controller's own disk, so that a crash leaves no host unknown.

One line of JSON an event, on the disk before what it announces happens. Many runs share a file.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tuner.apply.outcome import Ending, Outcome
from tuner.errors import JournalError, UsageError

VERSION = 1
_LONGEST = 1 << 20  # bytes of a line that is read


@dataclass(frozen=True, slots=True)
class HostState:
    """How far one host came. ``ending`` None: it had begun, and nobody saw it end."""

    stage: str = ""
    ending: Ending | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One run as its journal tells it. ``hosts`` holds those that were begun or ended."""

    id: str
    kind: str
    source: str
    started: str
    names: tuple[str, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    hosts: Mapping[str, HostState] = field(default_factory=dict)
    stopped: str = ""  # why it went no further
    ended: bool = False  # it came to its own end, complete or not

    @property
    def open(self) -> tuple[str, ...]:
        """The hosts that had begun and whose end nobody saw."""
        return tuple(name for name, state in self.hosts.items() if state.ending is None)

    @property
    def done(self) -> frozenset[str]:
        """The hosts that need nothing more."""
        good = {Ending.CONFIRMED, Ending.UNCHANGED}
        return frozenset(name for name, state in self.hosts.items() if state.ending in good)

    @property
    def complete(self) -> bool:
        """Whether every host is done."""
        return self.done >= set(self.names)


def default_path(environment: Mapping[str, str]) -> Path:
    """Return where the journal is: below $XDG_STATE_HOME, else below ~/.local/state."""
    state = environment.get("XDG_STATE_HOME", "")
    folder = Path(state) if state.startswith("/") else Path.home() / ".local" / "state"
    return folder / "tuner" / "journal.jsonl"


class Journal:
    """An open journal; safe for many threads."""

    def __init__(self, path: Path, run: str) -> None:
        self._run = run
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise UsageError(
                f"cannot write the journal {path}: {error.strerror}",
                hint="name another file: --journal FILE",
            ) from error
        self._path = path

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def begin(
        self, kind: str, source: str, names: Sequence[str], settings: Mapping[str, object]
    ) -> None:
        """Note what the run is about to do."""
        self._note("run", kind=kind, source=source, hosts=list(names), settings=dict(settings))

    def stage(self, host: str, stage: str) -> None:
        """Note what is about to happen to a host: begin, pending, confirm, settle."""
        self._note("host", host=host, stage=stage)

    def outcome(self, outcome: Outcome) -> None:
        """Note how a host came out."""
        self._note(
            "outcome", host=outcome.host, ending=str(outcome.ending), message=outcome.message
        )

    def stop(self, reason: str) -> None:
        """Note why the run goes no further."""
        self._note("stop", reason=reason)

    def end(self) -> None:
        """Note that the run came to its own end."""
        self._note("end")

    def _note(self, event: str, **more: object) -> None:
        """Append one line and wait until the disk has it.

        Raises:
            JournalError: it cannot be written; what it would have announced must not happen.
        """
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        row = {"v": VERSION, "at": at, "run": self._run, "event": event, **more}
        line = (json.dumps(row, ensure_ascii=True) + "\n").encode()
        with self._lock:
            try:
                os.write(self._file, line)
                os.fsync(self._file)
            except OSError as error:
                raise JournalError(
                    f"cannot write the journal {self._path}: {error.strerror}",
                    hint="make room, or name another place with --journal",
                ) from error


def read_runs(path: Path) -> tuple[Run, ...]:
    """Return the runs of a journal, the oldest first; none where there is no journal.

    A last line that a crash cut off is passed over.

    Raises:
        UsageError: the file cannot be read, or is no journal.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise UsageError(
            f"cannot read the journal {path}: {error.strerror}",
            hint="who made it? --journal names another",
        ) from error
    rows: dict[str, list[dict[str, Any]]] = {}
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        row = _row(line)
        if row is None:
            if number < len(lines):
                raise UsageError(
                    "this is no line of a journal",
                    file=str(path),
                    line=number,
                    hint="move the file away, or name another with --journal",
                )
            continue
        rows.setdefault(row["run"], []).append(row)
    runs = [_run(number, events) for number, events in rows.items()]
    return tuple(run for run in runs if run is not None)


def _row(line: bytes) -> dict[str, Any] | None:
    try:
        row = json.loads(line[:_LONGEST])
    except ValueError:
        return None
    if not isinstance(row, dict) or row.get("v") != VERSION:
        return None
    return row if isinstance(row.get("run"), str) and isinstance(row.get("event"), str) else None


def _run(number: str, events: Sequence[Mapping[str, Any]]) -> Run | None:
    head = events[0]
    if head["event"] != "run":
        return None
    hosts: dict[str, HostState] = {}
    stopped = ""
    ended = False
    for row in events[1:]:
        name = str(row.get("host", ""))
        match row["event"]:
            case "host":
                hosts[name] = HostState(stage=str(row.get("stage", "")))
            case "outcome":
                hosts[name] = HostState(
                    stage=hosts.get(name, HostState()).stage,
                    ending=Ending(row["ending"]),
                    message=str(row.get("message", "")),
                )
            case "stop":
                stopped = str(row.get("reason", ""))
            case "end":
                ended = True
    return Run(
        id=number,
        kind=str(head.get("kind", "")),
        source=str(head.get("source", "")),
        started=str(head.get("at", "")),
        names=tuple(map(str, head.get("hosts", ()))),
        settings=head.get("settings", {}),
        hosts=hosts,
        stopped=stopped,
        ended=ended,
    )
