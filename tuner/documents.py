"""YAML that people write by hand, read strictly: every complaint names file, line and column.

Plain words stay as they are written: ``no`` is the text "no", ``2027-03-31`` becomes a date only
where the model asks for one. Aliases, tags and repeated keys are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from difflib import get_close_matches
from typing import Any, Generic, NoReturn, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from tuner.errors import InputError

_DEEPEST = 8
_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_KINDS = {"str", "int", "float", "bool", "null", "timestamp", "map", "seq", "merge", "value"}
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./=@-]*|[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WORDS = {"yes", "no", "on", "off", "true", "false", "null", "y", "n"}
_NOTHING = {"", "~", "null"}

_T = TypeVar("_T")
Step = str | int


class Document(Generic[_T]):
    """One YAML document: its validated ``value``, and where each part of it is written."""

    def __init__(
        self,
        text: str,
        shape: TypeAdapter[_T],
        *,
        file: str,
        error: type[InputError],
        names: Iterable[str] = (),
        largest: int = 4 << 20,
    ) -> None:
        """Read and validate the text.

        Args:
            text: the YAML.
            shape: what it must be.
            file: its name, for messages.
            error: the class of every complaint.
            names: field names that a misspelt one may be near to.
            largest: characters; a longer text is refused unread.

        Raises:
            InputError: of class ``error``: no YAML, or not of that shape.
        """
        self._file = file
        self._error = error
        self._names = tuple(names)
        self._seen: set[int] = set()
        if len(text) > largest:
            raise error(
                f"larger than {largest} characters", file=file, hint="is it the right file?"
            )
        self._root = self._compose(text)
        plain = None if self._root is None else self._plain(self._root, 0)
        try:
            self.value: _T = shape.validate_python(plain)
        except ValidationError as wrong:
            details = wrong.errors(include_url=False)
        else:
            return
        # A field that is unknown explains why another one is missing.
        first = next((it for it in details if it["type"] == "extra_forbidden"), details[0])
        problem, hint = self._explain(first)
        self.fail(problem, *(s for s in first["loc"] if isinstance(s, (str, int))), hint=hint)

    def fail(self, problem: str, *path: Step, hint: str = "") -> NoReturn:
        """Complain about the part of the document that the path leads to.

        Raises:
            InputError: always, of the document's own class.
        """
        line, column = self.place(*path)
        raise self._error(problem, file=self._file, line=line, column=column, hint=hint)

    def place(self, *path: Step) -> tuple[int, int]:
        """Return line and column (from 1) of a part; of the nearest part above, if it is absent."""
        node = self._root
        if node is None:
            return 0, 0
        mark = node.start_mark
        for step in path:
            if isinstance(node, yaml.MappingNode):
                pair = next((pair for pair in node.value if pair[0].value == step), None)
                if pair is None:
                    break
                mark, node = pair[0].start_mark, pair[1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
                if step >= len(node.value):
                    break
                node = node.value[step]
                mark = node.start_mark
            else:
                break
        return mark.line + 1, mark.column + 1

    def _compose(self, text: str) -> yaml.Node | None:
        try:
            loader = _LOADER(text)
            try:
                return loader.get_single_node()
            finally:
                loader.dispose()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            problem = " ".join(part for part in (error.context, error.problem) if part)
            raise self._error(
                f"not YAML: {problem}",
                file=self._file,
                line=mark.line + 1 if mark else 0,
                column=mark.column + 1 if mark else 0,
                hint="look at the indentation, quotes and colons in this line and the one above",
            ) from None
        except (yaml.YAMLError, UnicodeError) as error:
            said = " ".join(str(error).split())
            raise self._error(f"not YAML: {said}", file=self._file) from None
        except RecursionError:
            raise self._error("nested too deeply", file=self._file) from None

    def _plain(self, node: yaml.Node, depth: int) -> Any:
        if id(node) in self._seen:
            # A short file could otherwise stand for an endless one.
            self._refuse(node, "YAML aliases are not understood here; write it out")
        self._seen.add(id(node))
        if depth > _DEEPEST:
            self._refuse(node, "nested too deeply")
        kind = node.tag.removeprefix("tag:yaml.org,2002:")
        if kind not in _KINDS:
            self._refuse(node, f"the tag {kind} is not understood here")
        if isinstance(node, yaml.ScalarNode):
            plain = not node.style  # None in Python, empty in C
            return None if plain and node.value.lower() in _NOTHING else node.value
        if isinstance(node, yaml.SequenceNode):
            return [self._plain(item, depth + 1) for item in node.value]
        found: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._refuse(key, "a name should be plain text")
            if key.value in found:
                self._refuse(key, f"{key.value!r} is there twice")
            found[key.value] = self._plain(value, depth + 1)
        return found

    def _refuse(self, node: yaml.Node, problem: str) -> NoReturn:
        mark = node.start_mark
        raise self._error(problem, file=self._file, line=mark.line + 1, column=mark.column + 1)

    def _explain(self, detail: ErrorDetails) -> tuple[str, str]:
        where = ".".join(str(step) for step in detail["loc"])
        last = str(detail["loc"][-1]) if detail["loc"] else ""
        match detail["type"]:
            case "extra_forbidden":
                return f"there is no field {last!r}", near(last, self._names) or "take it out"
            case "missing":
                return f"{last!r} is missing", f"add {last}:"
            case "enum" | "literal_error":
                expected = str(detail["ctx"]["expected"])
                return f"{where}: {str(detail['input'])[:40]!r} is not one of {expected}", ""
            case "none_required" | "string_type" | "date_type" if detail["input"] is None:
                return f"{where} is empty", ""
        problem, hint = in_words(detail)
        plain = problem.startswith("is ")
        if not where:
            return f"this file {problem}" if plain else problem, hint
        return f"{where}{' ' if plain else ': '}{problem}", hint


_WANTED = {
    "string": ("text", "write it as text, in quotes if it looks like something else"),
    "list": ("a list", "write a list: [one, two], or a dash before each"),
    "tuple": ("a list", "write a list: [one, two]"),
    "model": ("a mapping", "write names and values: {name: value}"),
    "dict": ("a mapping", "write names and values: {name: value}"),
    "int": ("a whole number", "write digits only"),
    "bool": ("true or false", "write true or false"),
    "date": ("a day", "write it as 2027-03-31"),
}


def in_words(detail: ErrorDetails) -> tuple[str, str]:
    """Return what is wrong with a value, as in ``is a number, not a list``, and what to write."""
    kind, _, rest = detail["type"].partition("_")
    if rest in {"too_short", "short"}:
        return "is empty", "write something there, or take it out"
    wanted, hint = _WANTED.get(kind, ("", ""))
    if not wanted or kind == detail["type"]:
        message = detail["msg"].removeprefix("Value error, ")
        return message[:1].lower() + message[1:], ""
    given = kind_of(detail["input"])
    if isinstance(detail["input"], str):
        given = repr(detail["input"][:40])
    return f"is {given}, not {wanted}", hint


def kind_of(value: object) -> str:
    """Return what a value of YAML is, such as ``a list``."""
    match value:
        case bool():
            return "yes or no"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list() | tuple():
            return "a list"
        case dict():
            return "a mapping"
        case date():
            return "a date"
        case None:
            return "nothing"
    return f"a {type(value).__name__}"


def near(word: str, words: Iterable[str]) -> str:
    """Return ``did you mean …?`` for the nearest of the words, or nothing."""
    found = get_close_matches(word, list(words), n=1, cutoff=0.6)
    return f"did you mean {found[0]}?" if found else ""


def scalar(text: str) -> str:
    """Return the text as YAML on one line; any reader takes it for that text, or for that date."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    escaped = "".join(
        {'"': '\\"', "\\": "\\\\"}.get(letter)
        or (letter if letter.isprintable() else f"\\U{ord(letter):08x}")
        for letter in text
    )
    return f'"{escaped}"'
