"""Ansible's host patterns, as ``--limit`` takes them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import translate
from pathlib import Path

from tuner.errors import InventoryError
from tuner.inventory.addresses import split_port
from tuner.inventory.groups import Tree
from tuner.inventory.source import suggest

_SUBSCRIPT = re.compile(r"(.+)\[(?:(-?[0-9]+)|([0-9]+)[:-]([0-9]*))\]")
_PIECE = re.compile(r"(?:[^\s:\[\]]|\[[^\]]*\])+")
_SPECIAL = frozenset(".?*[")


@dataclass(frozen=True, slots=True)
class _Pattern:
    text: str
    file: str = ""  # of a retry file
    line: int = 0

    def error(self, message: str, *, hint: str = "") -> InventoryError:
        return InventoryError(message, file=self.file, line=self.line, hint=hint)


def select_hosts(tree: Tree, limit: str) -> list[str]:
    """Return the names of the hosts that a limit leaves, in the inventory's order.

    Args:
        tree: a settled tree.
        limit: patterns as Ansible's ``--limit`` takes them; empty leaves every host.

    Raises:
        InventoryError: a pattern that matches nothing or is malformed, or no host is left.
    """
    everyone = list(tree.all.members())
    patterns = _ordered([part for text in _split(limit) for part in _unfold(text)])
    if not patterns:
        return everyone
    chosen: set[str] = set()
    if patterns[0].text[0] in "&!":
        chosen = set(everyone)
    for pattern in patterns:
        matches = set(_match(tree, pattern))
        match pattern.text[0]:
            case "!":
                chosen -= matches
            case "&":
                chosen &= matches
            case _:
                chosen |= matches
    left = [name for name in everyone if name in chosen]
    if not left:
        raise InventoryError(
            f"--limit {limit!r} leaves no host",
            hint="its patterns match hosts, but together they exclude every one",
        )
    return left


def _split(text: str) -> list[str]:
    if "," in text:
        parts = text.split(",")
    elif split_port(text):
        parts = [text]
    else:
        parts = _PIECE.findall(text)
    return [part.strip() for part in parts if part.strip()]


def _unfold(text: str) -> list[_Pattern]:
    if not text.startswith("@"):
        return [_Pattern(text)]
    path = Path(text[1:])
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InventoryError(
            f"the file of --limit {text} cannot be read: {why}",
            hint="write one host or pattern per line into it",
        ) from None
    found = [
        _Pattern(line.strip(), str(path), number)
        for number, line in enumerate(lines, start=1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not found:  # which would leave every host
        raise InventoryError(
            f"the file of --limit {text} names no host",
            file=str(path),
            hint="write one host or pattern per line into it",
        )
    return found


def _ordered(patterns: list[_Pattern]) -> list[_Pattern]:
    # What is added comes first, then what it must have, then what it must not have.
    rank = {"&": 1, "!": 2}
    return sorted(patterns, key=lambda pattern: rank.get(pattern.text[0], 0))


def _match(tree: Tree, pattern: _Pattern) -> list[str]:
    if pattern.text in tree.hosts:
        return [pattern.text]
    text = pattern.text[1:] if pattern.text[0] in "&!" else pattern.text
    if not text:
        raise pattern.error(
            f"the pattern {pattern.text!r} names nothing",
            hint="patterns are Ansible's, as in 'web:&prod:!web03'",
        )
    word, subscript = text, None
    if text[0] != "~" and (subscript := _SUBSCRIPT.fullmatch(text)):
        word = subscript.group(1)
    if text[0] == "@":
        raise pattern.error(
            f"--limit: {pattern.text!r} is no pattern: a file of hosts can only add to them",
            hint="write the & or ! before each line of the file, and name it as @file",
        )
    found, known = _enumerate(tree, word, pattern)
    if not found and not known:
        raise pattern.error(
            f"--limit: {text!r} matches no host and no group",
            hint=suggest(word, [*tree.groups, *tree.hosts])
            or "tuner's --limit takes the names and patterns of the inventory",
        )
    if not found or subscript is None:
        return found
    _, index, first, last = subscript.groups()
    if index is None and last != "0":
        end = int(last) if last else len(found) - 1
        found = found[int(first) : end + 1]
    else:
        position = int(first if index is None else index)
        found = found[position : position + 1 or None] if -len(found) <= position else []
    if not found:
        raise pattern.error(
            f"--limit: {text!r} is outside of {word}", hint="the first host has the number 0"
        )
    return found


def _enumerate(tree: Tree, word: str, pattern: _Pattern) -> tuple[list[str], bool]:
    try:
        matcher = re.compile(word[1:] if word[0] == "~" else translate(word))
    except re.error as error:
        raise pattern.error(
            f"--limit: {word!r} is no regular expression: {error}",
            hint="after ~ comes a Python regular expression, as in '~web\\d+'",
        ) from None
    groups = [group for name, group in tree.groups.items() if matcher.match(name)]
    found = [host for group in groups for host in group.members()]
    if not groups or word[0] == "~" or _SPECIAL & set(word):
        found += [name for name in tree.hosts if matcher.match(name)]
    return found, bool(groups)
