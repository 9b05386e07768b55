"""Ansible's INI inventories: sections of hosts, ``:children`` and ``:vars``."""

from __future__ import annotations

import ast
import re
import shlex
import warnings
from typing import Any

from tuner.errors import InventoryError
from tuner.inventory.addresses import RANGE_HINT, parse_pattern
from tuner.inventory.groups import Group, Tree
from tuner.inventory.source import Place, Source, Unsafe, Variable, Vaulted

_SECTION = re.compile(r"\[([^:\]\s]+)(?::(\w+))?\]\s*(?:#.*)?")
_CHILD = re.compile(r"([^:\]\s]+)\s*(?:#.*)?")
_PLAIN_LINE = re.compile(r"[\x21\x24-\x26\x28-\x5b\x5d-\x7e \t]*")  # nothing for a shell to do
_PLAIN_WORD = re.compile(
    r"(?!(?:None|True|False)\Z)[A-Za-z_][\w./:@-]*|\d+\.\d+\.\d+[\d.]*", re.ASCII
)


def parse_ini(tree: Tree, source: Source) -> None:
    """Read the text of an INI inventory into the tree.

    Raises:
        InventoryError: what Ansible refuses too.
    """
    if source.text.startswith("\ufeff"):
        raise source.place(1, 1).error(
            "the file starts with a byte order mark, which would become part of a name",
            hint="save the file as UTF-8 without a byte order mark",
        )
    _Reader(tree, source).read()


class _Reader:
    def __init__(self, tree: Tree, source: Source) -> None:
        self.tree = tree
        self.source = source
        self.line = 0
        self.group: Group = tree.ungrouped
        self.state = "hosts"
        # Groups that are only announced: by [x:vars] (no parents), or as somebody's children.
        self.unseen_vars: dict[str, Place] = {}
        self.unseen_children: dict[str, tuple[Place, list[Group]]] = {}

    def read(self) -> None:
        for number, raw in enumerate(self.source.lines, start=1):
            self.line = number
            line = raw.strip()
            if not line or line[0] in ";#":
                continue
            if section := _SECTION.fullmatch(line):
                self._open_section(section.group(1), section.group(2) or "hosts")
            elif line.startswith("[") and line.endswith("]"):
                raise self._error(
                    f"{line} is not a section",
                    hint="write [group], [group:children] or [group:vars]",
                )
            elif self.state == "hosts":
                self._read_host(line)
            elif self.state == "vars":
                self._read_variable(line)
            else:
                self._read_child(line)
        self._refuse_unseen()

    def _error(self, message: str, *, hint: str = "", word: str = "") -> InventoryError:
        raw = self.source.lines[self.line - 1]
        column = (raw.find(word) if word else len(raw) - len(raw.lstrip())) + 1
        return self.source.place(self.line, column).error(message, hint=hint)

    def _open_section(self, name: str, state: str) -> None:
        if state not in {"hosts", "children", "vars"}:
            raise self._error(
                f"[{name}:{state}] is of no known kind", hint="the kinds are :children and :vars"
            )
        if name not in self.tree.groups:
            if state == "vars" and name not in self.unseen_children:
                self.unseen_vars[name] = self.source.place(self.line, 1)
            self.tree.add_group(name)
        self.group, self.state = self.tree.groups[name], state
        if state != "vars":
            self.unseen_vars.pop(name, None)
            self._adopt_waiting(name)

    def _adopt_waiting(self, name: str) -> None:
        if name not in self.unseen_children:
            return
        place, parents = self.unseen_children.pop(name)
        for parent in parents:
            self.tree.adopt(parent, self.tree.groups[name], place)

    def _read_host(self, line: str) -> None:
        if _PLAIN_LINE.fullmatch(line):
            words = line.split()
        else:
            try:
                words = shlex.split(line, comments=True)
            except ValueError as error:
                raise self._error(
                    f"cannot split this line into words: {error}",
                    hint="close each quote that is open",
                ) from None
        place = self.source.place(self.line, 1)
        try:
            names, port = parse_pattern(words[0])
        except ValueError as error:
            raise self._error(str(error), hint=RANGE_HINT) from None
        if port is None and words[0].strip().endswith(":"):
            raise self._error(
                f"{words[0]!r} ends with a colon, but no port follows",
                hint="write host:port or host; a YAML inventory needs the name .yml or .yaml",
            )
        if any(name.strip() == "---" for name in names):
            raise self._error(
                "'---' is not a host", hint="a YAML inventory needs the name .yml or .yaml"
            )
        variables = [self._variable(word) for word in words[1:]]
        for name in names:
            host = self.tree.add_host(name, self.source, place, group=self.group, port=port)
            for variable in variables:
                self.tree.assign(host, variable)

    def _variable(self, word: str) -> Variable:
        name, equals, text = word.partition("=")
        if not equals:
            # The word itself may be the rest of a password with a blank in it.
            raise self._error(
                "this word is not a variable",
                hint="write name=value; a value with blanks needs quotes",
                word=word,
            )
        return Variable(name, self._value(text), self.source, self.line)

    def _read_variable(self, line: str) -> None:
        name, equals, text = line.partition("=")
        if not equals:
            raise self._error(
                "this line is not a variable",
                hint=f"write name=value; hosts belong under [{self.group.name}]",
            )
        variable = Variable(name.strip(), self._value(text.strip()), self.source, self.line)
        self.tree.assign(self.group, variable)

    def _read_child(self, line: str) -> None:
        found = _CHILD.fullmatch(line)
        if not found:
            raise self._error(
                "this line is not the name of a group", hint="write one group per line"
            )
        name = found.group(1)
        place = self.source.place(self.line, 1)
        if name in self.tree.groups:
            self.tree.adopt(self.group, self.tree.groups[name], place)
        else:
            self.unseen_children.setdefault(name, (place, []))[1].append(self.group)

    def _refuse_unseen(self) -> None:
        for name, place in self.unseen_vars.items():
            raise place.error(
                f"[{name}:vars] is for a group that is nowhere declared",
                hint=f"add a section [{name}], or correct the name",
            )
        for name, (place, parents) in self.unseen_children.items():
            raise place.error(
                f"[{parents[-1].name}:children] names the group {name}, which is nowhere declared",
                hint=f"add a section [{name}], or correct the name",
            )

    def _value(self, text: str) -> Any:
        if _PLAIN_WORD.fullmatch(text):
            return text
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SyntaxWarning)
                return _settle(ast.literal_eval(text))
        except (ValueError, SyntaxError):
            return Vaulted() if text.startswith("$ANSIBLE_VAULT;") else text
        except (TypeError, MemoryError, RecursionError):
            raise self._error("this value is a Python literal that cannot be") from None


def _settle(value: Any) -> Any:
    if isinstance(value, (list, tuple, set)):
        return [_settle(item) for item in value]
    if isinstance(value, dict):
        return {key: _settle(item) for key, item in value.items()}
    if isinstance(value, bytes):
        return Unsafe(value.decode(errors="surrogateescape"))
    if value is ...:
        return "..."
    return str(value) if isinstance(value, complex) else value
