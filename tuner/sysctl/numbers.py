"""Numbers as the kernel reads them from a write to ``/proc/sys``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

INT = (-(1 << 31), (1 << 31) - 1)
"""The lowest and highest number of an int."""

_LONGEST = 4095  # one page less one: what the kernel looks at
_DIGITS = 21  # TMPBUFLEN - 1: a longer number is refused
_SPACES = b" \t\n\v\f\r\xa0"  # the kernel's isspace(), Latin-1
_NUMBER = re.compile(rb"(-?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)")
_ENDS = b" \t\n"
_ONE = rb"(0[xX][0-9a-fA-F]{1,18}|0[0-7]{0,19}|[1-9][0-9]{0,19})"
_PORTS = re.compile(_ONE + rb"(?:-" + _ONE + rb")?\n?")

_CUT = re.compile(rb"[0-9a-fA-FxX]*-?[0-9a-fA-FxX]*,?")

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Form:
    """What a key's text is made of: ``count`` numbers between ``low`` and ``high``, or text.

    ``whole``: a refused vector changes nothing; else the numbers before the wrong one stand.
    """

    kind: Literal["numbers", "string", "ports", "trigger"] = "numbers"
    count: int = 1
    low: int = INT[0]
    high: int = INT[1]
    whole: bool = False


def parse_vector(data: bytes, form: Form) -> tuple[str, list[int]]:
    """Return the errno's name of a refusal, empty for none, and the numbers that were taken.

    Decimal, 0x16 or octal with a leading zero; any white space before a number, but only a blank,
    tab or newline after it. What follows the last number is not looked at (Linux 6.18
    ``kernel/sysctl.c`` ``__do_proc_dointvec``, ``proc_get_long``).
    """
    rest = data[:_LONGEST]
    found: list[int] = []
    while len(found) < form.count:
        rest = rest.lstrip(_SPACES)
        if not rest:
            break
        match = _NUMBER.match(rest[:_DIGITS])
        if match is None or match.end() == _DIGITS:
            return "EINVAL", found
        after = rest[match.end() : match.end() + 1]
        if after and after not in _ENDS:
            return "EINVAL", found
        number = _int(match[2])
        number = -number if match[1] else number
        if not form.low <= number <= form.high:
            return "EINVAL", found
        found.append(number)
        rest = rest[match.end() :]
    return ("" if found else "EINVAL"), found


def _int(digits: bytes) -> int:
    text = digits.lower()
    base = 16 if text.startswith(b"0x") else 8 if text.startswith(b"0") else 10
    return int(text, base)


def parse_ports(data: bytes) -> tuple[Span, ...] | None:
    """Return the spans of a port list, None where the kernel refuses it.

    ``8080,9000-9010``; an empty text clears the list (``proc_do_large_bitmap``).
    """
    text = data[:-1] if data.endswith(b"\n") else data
    if not text.strip(_SPACES):
        return ()
    spans = []
    items = text.split(b",")
    for item in items[:-1] if not items[-1].strip(b"\n") else items:
        match = _PORTS.fullmatch(item)
        if match is None:
            return None
        first = _int(match[1])
        last = first if match[2] is None else _int(match[2])
        if not 0 <= first <= last <= 65535:  # noqa: PLR2004
            return None
        spans.append((first, last))
    return join_spans(spans)


def ports_of_a_page(data: bytes) -> bytes:
    """Return what one write takes of a port list: whole items of its first page.

    The item that a page's end cuts is left for a next write, which not every program makes
    (``proc_do_large_bitmap``).
    """
    if len(data) <= _LONGEST:
        return data
    page = data[:_LONGEST]
    cut = page.rfind(b",", 0, _LONGEST - 1)
    return page[:cut] if cut >= 0 and _CUT.fullmatch(page, cut + 1) else page


def right_pages(data: bytes) -> tuple[bytes, str]:
    """Return the pages of a port list before a wrong item, and the errno's name that it gives.

    A wrong item on the first page refuses the list as a whole: then all of it is returned.
    """
    right: list[bytes] = []
    rest = data
    while rest:
        page = ports_of_a_page(rest)
        if parse_ports(page) is None:
            return (b",".join(right), "EINVAL") if right else (data, "")
        right.append(page)
        rest = rest[len(page) + 1 :]
    return b",".join(right) if right else data, ""


def print_ports(spans: Iterable[Span]) -> str:
    """Return the list as the kernel prints it."""
    return ",".join(
        str(first) if first == last else f"{first}-{last}" for first, last in join_spans(spans)
    )


def join_spans(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return the same ports as sorted spans that neither overlap nor touch."""
    done: list[Span] = []
    for first, last in sorted(spans):
        if done and first <= done[-1][1] + 1:
            done[-1] = (done[-1][0], max(done[-1][1], last))
        elif first <= last:
            done.append((first, last))
    return tuple(done)
