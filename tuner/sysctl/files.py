"""One file of settings: what it says line by line, before any loader decides what that means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from tuner.sysctl.key import Key, swap_separators


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

    ``line`` counts from 1. ``note`` is what people wrote about it: the comment lines directly
    above and whatever follows a ``#`` in the value.
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
    not_understood: tuple[int, ...]  # line numbers


_LINE_END = re.compile(rb"\r\n|\n|\r|\0")
_NOTE_LINES = 3


def parse_file(path: str, content: bytes) -> ConfigFile:
    """Return what the file says, by systemd-sysctl's grammar. Never raises.

    Lines end with LF, CRLF, a lone CR or NUL; ``#`` and ``;`` begin a comment only at the start of
    a line; the first ``=`` splits; there are no continuation lines, quotes or trailing comments
    (systemd v252 ``src/sysctl/sysctl.c`` ``parse_file``, ``src/basic/fileio.c``
    ``read_line_full``).
    """
    settings: list[Setting] = []
    not_understood: list[int] = []
    comments: list[str] = []
    for number, raw in enumerate(_LINE_END.split(content), start=1):
        line = raw.decode("utf-8", "backslashreplace").strip(" \t\n\r")
        if not line:
            comments.clear()
            continue
        if line[0] in "#;":
            comments.append(line.lstrip("#; \t"))
            continue
        name, equals, value = line.partition("=")
        dash = name.startswith("-")
        key = normalize_key(name[1:].strip() if dash else name.strip())
        if not equals and not dash:
            not_understood.append(number)
            comments.clear()
            continue
        trailing = value.partition("#")[2].strip()
        note = "\n".join([*comments[-_NOTE_LINES:], *([trailing] if trailing else [])])
        settings.append(
            Setting(
                key=key,
                value=value.strip() if equals else None,
                path=path,
                line=number,
                ignore_failure=dash,
                note=note,
            )
        )
        comments.clear()
    return ConfigFile(path, tuple(settings), tuple(not_understood))


def normalize_key(text: str) -> Key:
    """Return the key as systemd's ``sysctl_normalize`` reads it, in the dotted form.

    The first separator decides; slashes are then collapsed and a leading one dropped
    (systemd v252 ``src/basic/sysctl-util.c``).
    """
    cut = re.search(r"[./]", text)
    path = text if cut is None or cut.group() == "/" else swap_separators(text)
    path = re.sub(r"/(?:\.?/)+", "/", path).removeprefix("/")
    return Key(swap_separators(path))
