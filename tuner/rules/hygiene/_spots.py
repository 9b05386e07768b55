"""The lines of a snapshot's sysctl files, where they stand, and what their key is known to be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from tuner.rules._finding import Place
from tuner.snapshot.snapshot import Snapshot, Source
from tuner.sysctl.catalog import Parameter, describe
from tuner.sysctl.files import Entry, Kind, normalize_key
from tuner.sysctl.key import Key
from tuner.sysctl.lines import SYSTEMD, Line, LineKind, position, read_lines
from tuner.sysctl.version import KernelVersion

COMMENT = re.compile(rb"[ \t]+[#;]")
"""Where a value ends and what people take for a comment begins."""


@dataclass(frozen=True, slots=True)
class Spot:
    """One line as systemd-sysctl reads it.

    ``key`` is normalised, ``parameter`` what the catalogue knows of it. ``value`` is the value up
    to a blank and ``#`` or ``;``, which is what a number's reader takes. ``explained``: a comment
    that is no suppression stands right above.
    """

    path: str
    content: bytes
    line: Line
    key: Key
    value: str
    parameter: Parameter | None
    is_assignment: bool  # else an exclusion
    is_pattern: bool  # the key holds a character of glob(7)
    explained: bool

    @property
    def text(self) -> str:
        """The whole line, what is not UTF-8 as escapes."""
        return shown(self.content[self.line.offset : self.line.end])

    @property
    def spelled(self) -> str:
        """The key as it is written."""
        return shown(self.line.key)

    @property
    def raw(self) -> bytes:
        """The value as it is written; empty where there is none."""
        return self.line.value or b""

    def place(self, offset: int | None = None) -> Place:
        """Return where a byte of the file stands; the key's without one."""
        at = self.line.key_offset if offset is None else offset
        return Place(self.path, *position(self.content, at))

    @property
    def value_place(self) -> Place:
        """Where the value stands."""
        return self.place(self.line.value_offset)


REMEMBERED = 1 << 15
"""Bytes of a file up to which what was found in it is kept, for the next host that has the same."""
_SETTINGS = {LineKind.ASSIGNMENT, LineKind.EXCLUSION}
TEMPLATE = re.compile(rb"\{\{|\{%|<%|\$\{[A-Za-z_]|@@?[A-Za-z_]+@@?")
"""A mark of a template that some program fills in before a host reads the file."""


def is_template(data: bytes) -> bool:
    """Tell whether a line is a template's, of which nobody can tell what it will say."""
    return TEMPLATE.search(data) is not None


def shown(data: bytes) -> str:
    """Return bytes of a file as text, what is not UTF-8 as escapes."""
    return data.decode("utf-8", "backslashreplace")


def files(snapshot: Snapshot) -> Iterator[Entry]:
    """Yield the sysctl files that have a content."""
    for entry in snapshot.files or ():
        if entry.kind is Kind.FILE and entry.name.endswith(".conf"):
            yield entry


def spots(snapshot: Snapshot, suspect: re.Pattern[bytes] | None = None) -> Iterator[Spot]:
    """Yield the lines that assign or exclude a key, file by file.

    ``suspect``: only of files whose content has this somewhere.
    """
    for entry in files(snapshot):
        if suspect is None or holds(entry.content, suspect):
            yield from _spots_of(entry.path, entry.content)


def holds(content: bytes, suspect: re.Pattern[bytes]) -> bool:
    """Tell whether a file's content has this somewhere."""
    if len(content) > REMEMBERED:
        return suspect.search(content) is not None
    return _holds(content, suspect)


@lru_cache(maxsize=1 << 13)  # most hosts of a fleet have the same files
def _holds(content: bytes, suspect: re.Pattern[bytes]) -> bool:
    return suspect.search(content) is not None


def _spots_of(path: str, content: bytes) -> tuple[Spot, ...]:
    return (_known_of if len(content) <= REMEMBERED else _of)(path, content)


def all_lines(entry: Entry) -> tuple[Line, ...]:
    """Return every line of a file, comments too."""
    return read_lines(entry.content, SYSTEMD).lines


def _of(path: str, content: bytes) -> tuple[Spot, ...]:
    template = is_template(content)
    found = []
    above: Line | None = None
    for line in read_lines(content, SYSTEMD).lines:
        before, above = above, line
        if line.kind not in _SETTINGS or not line.key:
            continue
        if template and is_template(content[line.offset : line.end]):
            continue
        key, pattern, parameter = _known(line.key)
        found.append(
            Spot(
                path,
                content,
                line,
                key,
                shown(COMMENT.split(line.value or b"", maxsplit=1)[0]),
                parameter,
                line.kind is LineKind.ASSIGNMENT,
                pattern,
                before is not None
                and before.kind is LineKind.COMMENT
                and b"tuner:" not in content[before.offset : before.end],
            )
        )
    return tuple(found)


_known_of = lru_cache(maxsize=1024)(_of)


@lru_cache(maxsize=1 << 14)  # files repeat the same keys
def _known(spelled: bytes) -> tuple[Key, bool, Parameter | None]:
    key = normalize_key(shown(spelled))
    pattern = any(character in key for character in "*?[")
    return key, pattern, None if pattern else describe(key)


def kernel_of(snapshot: Snapshot) -> KernelVersion | None:
    """Return the kernel that the files are for, None where nobody said."""
    unknown = snapshot.source is Source.FILES and not snapshot.kernel.major
    return None if unknown else snapshot.kernel
