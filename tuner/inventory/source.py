"""Where a variable was written, and the three kinds of text that a value can be."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from typing import Any

from yaml.nodes import MappingNode, Node, SequenceNode

from tuner.errors import InventoryError


class Sealed(Exception):  # noqa: N818 - never leaves this room
    """A vaulted value was used as text."""


class Vaulted:
    """A value under Ansible Vault; tuner has no key to it and never shows its text."""

    def __repr__(self) -> str:
        return "<encrypted with Ansible Vault>"

    def __str__(self) -> str:
        raise Sealed


class Unsafe(str):
    """Text that is taken literally, braces and all (``!unsafe``)."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Place:
    """A file and, where it is known, a line and a column (from 1)."""

    file: str
    line: int = 0
    column: int = 0

    def error(self, message: str, *, hint: str = "") -> InventoryError:
        """Return the error to raise about this place."""
        return InventoryError(
            message, file=self.file, line=self.line, column=self.column, hint=hint
        )


@dataclass(frozen=True)
class Source:
    """One file, or one script's answer, and the text that was in it.

    ``path`` is what messages show; ``folder`` is what relative paths in it are relative to.
    """

    path: str
    text: str = field(repr=False)
    folder: str

    def place(self, line: int = 0, column: int = 0) -> Place:
        """Return a place in this source."""
        return Place(self.path, line, column)

    @cached_property
    def lines(self) -> list[str]:
        """The lines of the text, counted as an INI inventory counts them."""
        return self.text.splitlines()

    def search(self, name: str, line: int) -> Place:
        """Return where ``name`` is assigned: in that line, or anywhere if that is unambiguous."""
        if line:
            found = re.search(rf"(?<![\w]){re.escape(name)}\s*=", self.lines[line - 1])
            return self.place(line, found.start() + 1 if found else 0)
        hits = [hit.start() for hit in re.finditer(rf'"{re.escape(name)}"\s*:', self.text)]
        if len(hits) != 1:
            return self.place()
        before = self.text[: hits[0]]
        return self.place(before.count("\n") + 1, hits[0] - before.rfind("\n"))


@dataclass(frozen=True, slots=True)
class Variable:
    """A value as it was written, and by whom; templates in it are not yet filled in.

    ``key`` and ``node`` are the YAML nodes of name and value, where the source is YAML.
    """

    name: str
    value: Any = field(repr=False)
    source: Source
    line: int = 0
    key: Node | None = field(default=None, repr=False)
    node: Node | None = field(default=None, repr=False)

    def place(self, path: Iterable[str | int] = ()) -> Place:
        """Return where the name was written, or the part of the value that ``path`` leads to."""
        if self.key is None:
            return self.source.search(self.name, self.line)
        mark = self.key.start_mark
        node = self.node
        for step in path:
            if isinstance(node, MappingNode):
                pair = next((p for p in node.value if p[0].value == step), None)
                if pair is None:
                    break
                mark, node = pair[0].start_mark, pair[1]
            elif (
                isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value)
            ):
                node = node.value[step]
                mark = node.start_mark
            else:
                break
        return self.source.place(mark.line + 1, mark.column + 1)


def suggest(word: str, words: Iterable[str]) -> str:
    """Return ``did you mean …?`` for the nearest of the words, or nothing."""
    near = get_close_matches(word, list(words), n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else ""
