"""Comments that say which finding about a line is known and wanted, and why.

``# tuner: ignore[rule-id] reason`` stands above its line; ``# tuner: ignore-file[rule-id] reason``
anywhere in its file. Several rules are separated by commas.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from tuner.rules._finding import Place
from tuner.rules.hygiene._spots import files, holds, shown
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.lines import SYSTEMD, LineKind, position, read_lines

_MARK = re.compile(rb"[#;][ \t]*tuner:[ \t]*ignore")
_COMMENT = re.compile(
    r"[#;]\s*tuner:\s*ignore(?P<file>-file)?\s*(?:\[(?P<rules>[^\]]*)\])?:?\s*(?P<reason>.*)"
)
_CLOSED = {LineKind.ASSIGNMENT, LineKind.EXCLUSION, LineKind.NOT_UNDERSTOOD}


@dataclass(frozen=True, slots=True)
class Suppression:
    """One comment. ``line`` is the one it is about, 0 for the whole file or none."""

    place: Place
    rules: tuple[str, ...]
    reason: str
    line: int
    whole_file: bool = False

    def covers(self, rule: str, path: str, line: int) -> bool:
        """Tell whether a finding of that rule there is meant. Without a reason nothing is."""
        return (
            bool(self.reason)
            and rule in self.rules
            and path == self.place.path
            and (self.whole_file or line == self.line)
        )


def suppressions(snapshot: Snapshot) -> Iterator[Suppression]:
    """Yield the comments of all settings files."""
    for entry in files(snapshot):
        if holds(entry.content, _MARK):
            yield from _in_file(entry.path, entry.content)


@lru_cache(maxsize=1024)  # most hosts of a fleet have the same files
def _in_file(path: str, content: bytes) -> tuple[Suppression, ...]:
    found: list[Suppression] = []
    waiting: list[tuple[Place, tuple[str, ...], str]] = []

    def settle(line: int) -> None:
        found.extend(Suppression(*each, line=line) for each in waiting)
        waiting.clear()

    for line in read_lines(content, SYSTEMD).lines:
        if line.kind is LineKind.BLANK:
            settle(0)
        elif line.kind in _CLOSED:
            settle(position(content, line.offset)[0])
        else:
            match = _COMMENT.match(shown(content[line.offset : line.end]).strip())
            if match is None:
                continue
            rules = tuple(it.strip() for it in (match["rules"] or "").split(",") if it.strip())
            place = Place(path, *position(content, line.offset))
            if match["file"]:
                found.append(Suppression(place, rules, match["reason"].strip(), 0, whole_file=True))
            else:
                waiting.append((place, rules, match["reason"].strip()))
    settle(0)
    return tuple(found)


def covering(found: Iterable[Suppression], rule: str, path: str, line: int) -> Suppression | None:
    """Return the first comment that covers a finding, None for none."""
    return next((each for each in found if each.covers(rule, path, line)), None)
