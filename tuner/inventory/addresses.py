"""How Ansible spells hosts: a name or an address, a port, and ranges such as ``web[01:20:2]``."""

from __future__ import annotations

import ipaddress
import re
from string import ascii_letters

MOST_HOSTS = 1_000_000  # of one range; more is a slip of the keyboard

RANGE_HINT = "a range is web[01:20], or web[01:20:2] in steps of 2"

_BRACKETED = re.compile(r"\[(.+)\]:([0-9]+)")
_WITH_PORT = re.compile(r"((?:[^:\[\]]|\[[^\]]*\])*):([0-9]+)")
_LETTERS_OR_DIGITS = re.compile(r"\[(?:[a-z]:[a-z]|[0-9]+:[0-9]+)(?::[0-9]+)?\]", re.IGNORECASE)
_HEX_DIGITS = re.compile(r"\[[0-9a-f]+:[0-9a-f]+(?::[0-9]+)?\]", re.IGNORECASE)
_LABEL = re.compile(r"(?:\w[\w-]*)?[^\W_]")
_IPV4 = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")


def is_ip_address(text: str) -> bool:
    """Tell whether the text is an IPv4 or IPv6 address, without ranges."""
    if _IPV4.fullmatch(text):
        return all(int(part) < 256 for part in text.split("."))  # noqa: PLR2004 - one byte
    if "%" in text:
        return False
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def _is_host(text: str) -> bool:
    if ":" in _LETTERS_OR_DIGITS.sub("", text):
        return is_ip_address(_HEX_DIGITS.sub("0", text))
    # A range may open, fill or end a label; the letter stands for whatever it expands to.
    labels = _LETTERS_OR_DIGITS.sub("x", text).split(".")
    return all(_LABEL.fullmatch(label) for label in labels)


def split_port(text: str) -> tuple[str, int | None] | None:
    """Return host (ranges kept) and port, or None if the text is no host at all."""
    port = None
    for shape in (_BRACKETED, _WITH_PORT):
        if found := shape.fullmatch(text):
            text, port = found.group(1), int(found.group(2))
    return (text, port) if _is_host(text) else None


def _bounds(text: str) -> tuple[str, str, str]:
    begin, *rest = text.split(":")
    if len(rest) not in {1, 2}:
        raise ValueError(f"the range [{text}] must be [begin:end] or [begin:end:step]")
    if not rest[0]:
        raise ValueError(f"the range [{text}] lacks its end")
    return begin or "0", rest[0], rest[1] if rest[1:] else "1"


def _members(text: str) -> list[str]:
    begin, end, step = _bounds(text)
    width = len(begin) if begin[0] == "0" and len(begin) > 1 else 0
    if width and width != len(end):
        raise ValueError(f"begin and end of the range [{text}] must be equally long")
    first, last = ascii_letters.find(begin), ascii_letters.find(end)
    if first >= 0 and last >= 0:
        if first > last:
            raise ValueError(f"the range [{text}] ends before it begins")
        letters: list[str] = list(ascii_letters[first : last + 1 : int(step)])
        return [letter.zfill(width) for letter in letters]
    try:
        numbers = range(int(begin), int(end) + 1, int(step))
    except ValueError:
        raise ValueError(f"the range [{text}] counts neither numbers nor letters") from None
    if len(numbers) > MOST_HOSTS:
        raise ValueError(f"the range [{text}] is larger than {MOST_HOSTS} hosts")
    return [str(number).zfill(width) for number in numbers]


def expand(text: str) -> list[str]:
    """Return every name that the ranges of a host pattern spell.

    Raises:
        ValueError: a bracket that is no range, or more than a million hosts.
    """
    names = [text]
    while any("[" in name for name in names):
        head, _, rest = names[0].partition("[")
        inner, closing, _ = rest.partition("]")
        if not closing or "]" in head or "|" in text:
            raise ValueError(f"{text!r} holds a bracket that is not a range")
        members = _members(inner)
        if len(names) * len(members) > MOST_HOSTS:
            raise ValueError(f"{text!r} is more than {MOST_HOSTS} hosts")
        # Names differ only in what earlier ranges put in, so the next bracket is theirs too.
        names = [
            f"{name.partition('[')[0]}{member}{name.partition(']')[2]}"
            for name in names
            for member in members
        ]
    return names


def parse_pattern(text: str) -> tuple[list[str], int | None]:
    """Return the host names that one word of an inventory spells, and their port.

    Raises:
        ValueError: a range that is none.
    """
    host, port = split_port(text) or (text, None)
    return (expand(host) if "[" in host else [host]), port
