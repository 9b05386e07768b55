"""Lines of other people's files that stand in the way, and how they are commented out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tuner.plan.after import target_of
from tuner.plan.plan import FileChange
from tuner.plan.render import plain
from tuner.plan.spelling import is_secret
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.files import Entry, Kind, parse_file

_EDITABLE = "/etc/"
_PROFILE = "/tuned.conf"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One line (from 1) of a file, the rule that objects to it, and what is wrong with it."""

    path: str
    line: int
    rule: str
    reason: str


def editable(snapshot: Snapshot, path: str) -> Entry | str:
    """Return the file that a path leads to, or why tuner would not edit it."""
    entries = {it.path: it for it in (*snapshot.later_files, *(snapshot.files or ()))}
    entry = entries.get(path)
    if entry is not None and entry.target:
        entry = entries.get(target_of(entry))
        if entry is None or entry.target:
            return f"{path} is a link, and tuner cannot see what it leads to"
    if entry is None or entry.kind is not Kind.FILE:
        return f"{path} is no file that tuner could see"
    if not entry.path.startswith(_EDITABLE):
        return f"{entry.path} belongs to a package, which would bring the line back"
    if entry.path.endswith(_PROFILE):
        return f"{entry.path} is a profile of TuneD: make a profile of your own"
    if any(is_secret(it.key) for it in parse_file(entry.path, entry.content).settings):
        return f"{entry.path} holds a secret, which no plan may hold: edit it by hand"
    return entry


def comment_out(snapshot: Snapshot, obstacles: Iterable[Obstacle]) -> tuple[FileChange, ...]:
    """Return the files with these lines commented out; those that cannot be are left out."""
    found: dict[str, tuple[Entry, dict[int, Obstacle]]] = {}
    for obstacle in obstacles:
        entry = editable(snapshot, obstacle.path)
        if isinstance(entry, Entry) and _single(entry.content, obstacle.line):
            found.setdefault(entry.path, (entry, {}))[1].setdefault(obstacle.line, obstacle)
    return tuple(
        FileChange(path, entry.content, _without(entry.content, lines), entry.mode, foreign=True)
        for path, (entry, lines) in sorted(found.items())
    )


def _single(content: bytes, number: int) -> bool:
    """Tell whether the line is one to every loader.

    busybox joins lines at a backslash; for systemd a lone CR and a NUL end a line as well.
    """
    lines = [line.removesuffix(b"\r") for line in content.split(b"\n")]
    if not 0 < number <= len(lines) or any(end in lines[number - 1] for end in (b"\r", b"\0")):
        return False
    return not lines[number - 1].endswith(b"\\") and not (
        number > 1 and lines[number - 2].endswith(b"\\")
    )


def _without(content: bytes, obstacles: Mapping[int, Obstacle]) -> bytes:
    """Return the content with the lines turned into comments; every other byte stays."""
    lines = content.split(b"\n")
    for number, obstacle in obstacles.items():
        mark = f"# [tuner, {obstacle.rule}: {plain(obstacle.reason)}] ".encode(
            "ascii", "backslashreplace"
        )
        lines[number - 1] = mark + lines[number - 1]
    return b"\n".join(lines)
