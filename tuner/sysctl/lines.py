r"""A file of settings, line by line, as each loader's own grammar reads its bytes.

``read_lines(content, grammar)`` is the one line reader: loaders and lint build on it. Positions are
byte offsets into the file; ``position(content, offset)`` turns one into the line and column that an
editor shows. Grammars:

- ``SYSTEMD`` (237 and later; ``SYSTEMD_262`` takes only ``#`` for a comment): LF, CRLF, a lone CR
  and NUL end a line; a line of 1 MiB ends the reading of the file (``src/basic/fileio.c``
  ``read_line_full``, ``src/sysctl/sysctl.c`` ``parse_file``).
- ``SYSTEMD_219``: buffers of 2047 bytes, LF alone ends a line, no line without ``=``.
- ``PROCPS_4``: LF ends a line, NUL ends its text, no blank after the dash (procps 4.0.2
  ``src/sysctl.c`` ``parse_setting_line``).
- ``BUSYBOX``: a backslash before LF joins the next line, no dash, no exclusions (busybox 1.35
  ``libbb/parse_config.c``).
- ``TUNED``: Python's text mode and ``str.strip`` (TuneD ``plugin_sysctl.py``).

procps 3.3 reuses its buffer between lines, so that its lines depend on those before:
``read_procps3`` reads it.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Literal


class LineKind(StrEnum):
    """What a line is to the grammar that read it."""

    ASSIGNMENT = "assignment"
    EXCLUSION = "exclusion"  # "-key" without a value
    COMMENT = "comment"
    BLANK = "blank"
    NOT_UNDERSTOOD = "not-understood"


@dataclass(frozen=True, slots=True)
class Line:
    """One line. ``number`` counts from 1 as the loader itself counts; offsets are of the file.

    ``offset`` to ``end`` is the line without what ends it. ``key`` is as it is spelled, without
    dash and blanks; ``value`` without blanks around it, None for anything but an assignment.
    """

    number: int
    offset: int
    end: int
    kind: LineKind
    key: bytes = b""
    key_offset: int = 0
    value: bytes | None = None
    value_offset: int = 0
    dash: bool = False


Ends = Literal["lf", "universal", "any"]


@dataclass(frozen=True, slots=True)
class Grammar:
    """How a loader reads lines.

    ``strip`` are the bytes dropped on both sides of a line, a key and a value; ``comments`` those
    that begin a comment. ``exclusions``: a line ``-key`` is one; ``dashes``: a dash before the key
    is no part of it; ``dash_blank``: blanks may follow that dash. ``continues``: a backslash at a
    line's end joins the next one. ``longest``: bytes of a line that end the reading; ``buffer``:
    longer lines are read in pieces of that size. ``ends``: what ends a line besides LF, CR
    ("universal") or CR and NUL ("any").
    """

    name: str
    comments: bytes = b"#;"
    strip: bytes = b" \t\n\r"
    ends: Ends = "lf"
    exclusions: bool = True
    dashes: bool = True
    dash_blank: bool = True
    continues: bool = False
    longest: int = 0
    buffer: int = 0


_SPACE = b" \t\n\v\f\r"  # isspace(3) in the C locale
LONGEST_LINE = 1 << 20
"""Bytes of a line at which systemd stops reading the file (``LONG_LINE_MAX``)."""

SYSTEMD = Grammar("systemd", ends="any", longest=LONGEST_LINE)
SYSTEMD_262 = Grammar("systemd-262", comments=b"#", ends="any", longest=LONGEST_LINE)
SYSTEMD_219 = Grammar("systemd-219", exclusions=False, dashes=False, buffer=2047)
PROCPS_4 = Grammar("procps-4", strip=_SPACE, dash_blank=False)
BUSYBOX = Grammar("busybox", strip=_SPACE, exclusions=False, dashes=False, continues=True)
TUNED = Grammar(
    "tuned",
    strip=_SPACE + b"\x1c\x1d\x1e\x1f",
    exclusions=False,
    dashes=False,
    ends="universal",
)

_ENDS: Mapping[Ends, re.Pattern[bytes]] = {
    "lf": re.compile(rb"\n"),
    "universal": re.compile(rb"\r\n?|\n"),
    "any": re.compile(rb"\0|(?:\n\r?|\r\n?)\0?"),
}


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a file; ``cut``: the offset at which the loader stops reading, -1 for never."""

    lines: tuple[Line, ...]
    cut: int = -1


@lru_cache(maxsize=1024)  # most hosts of a fleet have the same files
def read_lines(content: bytes, grammar: Grammar) -> Lines:
    """Return the file's lines as the grammar reads them. Never raises."""
    found: list[Line] = []
    for number, (start, end) in enumerate(_spans(content, grammar), 1):
        if grammar.longest and end - start >= grammar.longest:
            return Lines(tuple(found), start)
        last = end == len(content)
        found.append(_parse(content[start:end], number, start, end, grammar, last=last))
    if grammar.continues:
        found = _joined(content, grammar)
    return Lines(tuple(found))


def position(content: bytes, offset: int) -> tuple[int, int]:
    """Return line and column, both from 1, that an editor shows for a byte offset.

    Only LF counts as a line's end; a column is a byte.
    """
    starts = _starts(content)
    line = bisect_right(starts, offset)
    return line, offset - starts[line - 1] + 1


@lru_cache(maxsize=64)  # a file's lines are asked one after the other
def _starts(content: bytes) -> array[int]:
    """Return the offsets at which the lines of an editor begin."""
    return array("Q", (0, *(match.end() for match in re.finditer(b"\n", content))))


def _spans(content: bytes, grammar: Grammar) -> list[tuple[int, int]]:
    """Return where each line begins and ends, without what ends it."""
    if grammar.continues:
        return []
    spans = []
    at = 0
    for match in _ENDS[grammar.ends].finditer(content):
        spans.append((at, match.start()))
        at = match.end()
    if at < len(content):
        spans.append((at, len(content)))
    if grammar.buffer:
        spans = [
            (piece, min(piece + grammar.buffer, end))
            for start, end in spans
            for piece in range(start, max(end, start + 1), grammar.buffer)
        ]
    return spans


def _parse(raw: bytes, number: int, start: int, end: int, grammar: Grammar, *, last: bool) -> Line:
    """Return what one line of a loader without continuation says; ``last``: nothing ends it."""
    text = raw if grammar.ends == "any" else raw.partition(b"\0")[0]
    stripped = text.lstrip(grammar.strip)
    at = start + len(text) - len(stripped)
    if not grammar.dash_blank and len(stripped) == 1 and (last or len(text) < len(raw)):
        return Line(number, start, end, LineKind.BLANK)  # procps passes over a line of one byte
    stripped = stripped.rstrip(grammar.strip)
    if not stripped:
        return Line(number, start, end, LineKind.BLANK)
    if stripped[0] in grammar.comments:
        return Line(number, start, end, LineKind.COMMENT)
    name, equals, value = stripped.partition(b"=")
    dash = grammar.dashes and name.startswith(b"-")
    if not equals and not (dash and grammar.exclusions):
        return Line(number, start, end, LineKind.NOT_UNDERSTOOD)
    value_at = at + len(name) + 1
    if dash:
        name = name[1:]
        at += 1
    if grammar.dash_blank:
        shorter = name.lstrip(grammar.strip)
        at += len(name) - len(shorter)
        name = shorter.rstrip(grammar.strip)
    else:  # its rstrip() never takes the first byte
        name = name[:1] + name[1:].rstrip(grammar.strip)
    if not equals:
        return Line(number, start, end, LineKind.EXCLUSION, name, at, dash=dash)
    shorter = value.lstrip(grammar.strip)
    value_at += len(value) - len(shorter)
    return Line(number, start, end, LineKind.ASSIGNMENT, name, at, shorter, value_at, dash)


def _joined(content: bytes, grammar: Grammar) -> list[Line]:
    """Return the lines of busybox, which joins them at a backslash.

    A line's number is that of its last piece, as busybox counts.
    """
    found = []
    at = number = 0
    while at < len(content):
        start = at
        text = b""
        places: list[tuple[int, int]] = []  # from that byte of the text on: that byte of the file
        while True:
            end = content.find(b"\n", at)
            stop = len(content) if end < 0 else end
            places.append((len(text), at))
            text += content[at:stop]
            number += 1
            at = len(content) if end < 0 else end + 1
            if not text.endswith(b"\\"):
                break
            text = text[:-1]
            if at >= len(content):
                break
        found.append(_parse_busybox(text, places, number, (start, stop), grammar))
    return found


def _parse_busybox(
    joined: bytes,
    places: list[tuple[int, int]],
    number: int,
    span: tuple[int, int],
    grammar: Grammar,
) -> Line:
    text = joined.partition(b"\0")[0]
    stripped = text.lstrip(grammar.strip)
    if not stripped:
        return Line(number, *span, LineKind.BLANK)
    if stripped[0] in grammar.comments:
        return Line(number, *span, LineKind.COMMENT)
    name, equals, value = text.partition(b"=")
    # Two tokens are needed, and a second one that begins with "#" is none (config_read).
    if not equals or not value or value.startswith(b"#"):
        return Line(number, *span, LineKind.NOT_UNDERSTOOD)
    key = name.lstrip(grammar.strip)
    shorter = value.lstrip(grammar.strip)
    return Line(
        number,
        *span,
        LineKind.ASSIGNMENT,
        key.rstrip(grammar.strip),
        _place(places, len(name) - len(key)),
        shorter.rstrip(grammar.strip),
        _place(places, len(name) + 1 + len(value) - len(shorter)),
    )


def _place(places: list[tuple[int, int]], at: int) -> int:
    """Return the file's offset of a byte of joined text."""
    begin, offset = next(place for place in reversed(places) if place[0] <= at)
    return offset + at - begin


def read_procps3(content: bytes, buffer: bytearray) -> list[Line]:
    """Return what procps 3.3 makes of a file, and leave in ``buffer`` what the next one finds.

    It parses in the buffer that it reads into. A line without ``=`` therefore is a key whose value
    is ``=`` and whatever bytes an earlier, longer line left behind it (procps 3.3.17 ``sysctl.c``
    ``Preload``): ``-net.ipv4.conf.all.rp_filter`` writes ``=`` to that key.
    """
    found = []
    for number, (start, end) in enumerate(_spans(content, _PROCPS_3), 1):
        ended = end < len(content)
        found.append(_parse_procps3(content[start:end], number, start, end, buffer, ended=ended))
    return found


_TOKEN = re.compile(rb"[\r\n]*([^\r\n\0]+)")
_PROCPS_3 = Grammar("procps-3", exclusions=False)


def _parse_procps3(
    raw: bytes, number: int, start: int, end: int, buffer: bytearray, *, ended: bool
) -> Line:
    got = raw + b"\n" if ended else raw
    room = len(got) + 1 - len(buffer)
    if room > 0:
        buffer.extend(bytes(room))
    buffer[: len(got) + 1] = got + b"\0"
    text = got.partition(b"\0")[0]
    if len(got) < 2 or not text:  # noqa: PLR2004 - a line of one byte is passed over
        return Line(number, start, end, LineKind.BLANK)
    stripped = text[:1] + text[1:].rstrip(_PROCPS_3.strip)
    for at in range(len(stripped), len(text)):
        buffer[at] = 0
    at = len(stripped) - len(stripped.lstrip(b" \t"))
    shown = stripped[at:]
    if len(shown) < 2:  # noqa: PLR2004
        return Line(number, start, end, LineKind.BLANK)
    if shown[0] in _PROCPS_3.comments:
        return Line(number, start, end, LineKind.COMMENT)
    skipped = len(shown) - len(shown.lstrip(b"="))
    name, equals, _ = shown[skipped:].partition(b"=")
    if not name:
        return Line(number, start, end, LineKind.NOT_UNDERSTOOD)
    at += skipped
    rest = at + len(name) + len(equals)  # where strtok goes on
    key = name[:1] + name[1:].rstrip(_PROCPS_3.strip)
    for place in range(at + len(key), at + len(name)):
        buffer[place] = 0
    if equals:
        buffer[rest - 1] = 0
    buffer[: len(key)] = key
    buffer[len(key)] = ord("=")
    found = _TOKEN.match(buffer, rest)
    if found is None:
        return Line(number, start, end, LineKind.NOT_UNDERSTOOD)
    token = bytes(found[1])
    value_at, value_end = found.span(1)
    del found  # it holds the buffer, which is to grow
    if value_end < len(buffer):
        buffer[value_end] = 0
    value = token.lstrip(b" \t")
    value_at += len(token) - len(value)
    room = max(len(key) + len(value), value_end) + 2 - len(buffer)
    if room > 0:
        buffer.extend(bytes(room))
    buffer[len(key) + 1 : len(key) + 1 + len(value)] = value
    # It measures the value once more where it lay, which may have lost its end by the move.
    measured = buffer.find(b"\0", value_at) - value_at
    last = len(key) + 1 + measured
    if last >= len(buffer):
        buffer.extend(bytes(last + 1 - len(buffer)))
    buffer[last] = 0
    whole = bytes(buffer[: buffer.find(b"\0")])
    dash = key.startswith(b"-")
    name, _, value = whole.partition(b"=")
    return Line(
        number,
        start,
        end,
        LineKind.ASSIGNMENT,
        name[1:] if dash else name,
        start + at + dash,
        value,
        min(start + value_at, end),
        dash,
    )
