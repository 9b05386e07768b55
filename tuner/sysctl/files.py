"""One file of settings: what it says line by line, before any loader decides what that means."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from tuner.sysctl.key import Key, swap_separators
from tuner.sysctl.lines import SYSTEMD, Grammar, Line, LineKind, position, read_lines


class Kind(StrEnum):
    """What a directory entry is, after following links."""

    FILE = "file"
    DIRECTORY = "directory"
    DANGLING = "dangling"  # a link to nothing
    OTHER = "other"  # /dev/null and everything else that is no regular file
    UNREADABLE = "unreadable"  # it is there, and we may not read it


@dataclass(frozen=True, slots=True)
class Entry:
    """One directory entry as the host has it; ``content`` is the bytes, never decoded text."""

    path: str
    kind: Kind = Kind.FILE
    content: bytes = b""
    target: str = ""  # what the link says, empty for no link
    mode: int = 0o644  # permission bits after following links

    @property
    def name(self) -> str:
        """The last component of the path, which decides order and shadowing."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Setting:
    """One line that assigns (``value`` set) or excludes (``value`` None) a key or a pattern.

    ``line`` counts from 1, as an editor does: some loaders end a line at a lone CR or at a NUL too.
    ``note`` is what people wrote about it: the comment lines directly above and whatever follows a
    ``#`` in the value.
    """

    key: Key
    value: str | None
    path: str
    line: int
    ignore_failure: bool = False
    note: str = ""

    @property
    def is_pattern(self) -> bool:
        """Whether the key holds a character of glob(7)."""
        return any(character in self.key for character in "*?[")

    @property
    def effective(self) -> str | None:
        """The value as an integer setting takes it: the kernel stops at a blank before ``#``."""
        if self.value is None:
            return None
        return re.split(r"\s+#", self.value, maxsplit=1)[0]


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """What one file says: settings in order, and the lines that are no assignment."""

    path: str
    settings: tuple[Setting, ...]
    not_understood: tuple[int, ...]  # line numbers, as Setting's


_NOTE_LINES = 3


def parse_file(path: str, content: bytes) -> ConfigFile:
    """Return what the file says, by systemd-sysctl's grammar. Never raises."""
    pairs = settings_of(path, content, SYSTEMD)
    return ConfigFile(
        path,
        tuple(setting for _, setting in pairs if setting is not None),
        tuple(
            position(content, line.offset)[0]
            for line, _ in pairs
            if line.kind is LineKind.NOT_UNDERSTOOD
        ),
    )


@lru_cache(maxsize=1024)  # most hosts of a fleet have the same files
def settings_of(
    path: str, content: bytes, grammar: Grammar
) -> tuple[tuple[Line, Setting | None], ...]:
    """Return every line that a loader's grammar sees, with the setting that it is, if it is one."""
    return pair(path, read_lines(content, grammar).lines, content)


def pair(
    path: str, lines: Iterable[Line], content: bytes
) -> tuple[tuple[Line, Setting | None], ...]:
    """Return the lines with their settings; comments directly above are a setting's note."""
    pairs: list[tuple[Line, Setting | None]] = []
    comments: list[str] = []
    for line in lines:
        setting = None
        if line.kind is LineKind.COMMENT:
            comments.append(_text(content[line.offset : line.end]).strip().lstrip("#; \t"))
            pairs.append((line, None))
            continue
        if line.kind in {LineKind.ASSIGNMENT, LineKind.EXCLUSION}:
            value = None if line.value is None else _text(line.value)
            trailing = (value or "").partition("#")[2].strip()
            setting = Setting(
                key=normalize_key(_text(line.key)),
                value=value,
                path=path,
                line=position(content, line.offset)[0],
                ignore_failure=line.dash,
                note="\n".join([*comments[-_NOTE_LINES:], *([trailing] if trailing else [])]),
            )
        pairs.append((line, setting))
        comments.clear()
    return tuple(pairs)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")


def normalize_key(text: str) -> Key:
    """Return the key as systemd's ``sysctl_normalize`` reads it, in the dotted form.

    The first separator decides; slashes are then collapsed and a leading one dropped
    (systemd v252 ``src/basic/sysctl-util.c``).
    """
    cut = re.search(r"[./]", text)
    path = text if cut is None or cut.group() == "/" else swap_separators(text)
    path = re.sub(r"/(?:\.?/)+", "/", path).removeprefix("/")
    return Key(swap_separators(path))
