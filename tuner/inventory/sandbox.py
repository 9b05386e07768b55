"""Jinja with an end: no operator, filter or method makes more than a variable may hold.

It guards against a slip of the keyboard, not against an enemy: the inventory is the user's own. Not
bounded are loops within loops, and a regular expression that goes back over its text again and
again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sized
from functools import wraps
from typing import Any, ClassVar

from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment

from tuner.inventory.sizes import MOST_LETTERS

_MOST_BITS = 1 << 14
_WIDTHS = frozenset(
    {
        *("batch", "center", "expandtabs", "format", "format_map", "indent", "ljust", "rjust"),
        *("slice", "tojson", "zfill"),
    }
)
_JOINS = frozenset({"join"})
_REPLACES = frozenset({"replace", "regex_replace"})
_WIDE = re.compile(r"%[^A-Za-z%]*(?:\d{6,}|\*)|\{[^{}]*:[^{}]*\d{6,}")


class TooLarge(ValueError):  # noqa: N818 - never leaves this room
    """An expression would make something without measure; the text says by what."""


class Bounded(SandboxedEnvironment):
    """A sandbox that refuses what would not fit into a variable, before it is made."""

    intercepted_binops: ClassVar[frozenset[str]] = frozenset({"+", "*", "**", "%"})  # type: ignore[misc]

    def __init__(self, *, filters: Mapping[str, Callable[..., Any]], **options: Any) -> None:
        """Take the options of Jinja's environment, and filters besides its own."""
        super().__init__(**options)
        known = {**self.filters, **filters}
        self.filters = {name: _bounded(name, it) for name, it in known.items()}

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Return what the operator makes.

        Raises:
            TooLarge: it would be too much.
        """
        _weigh_operator(operator, left, right)
        return super().call_binop(context, operator, left, right)

    def call(self, context: Context, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Return what a function or a value's method makes.

        Raises:
            TooLarge: it would be too much.
        """
        method = getattr(function, "__wrapped__", function)  # the sandbox wraps str.format
        owner = getattr(method, "__self__", None)
        if isinstance(owner, str):
            _weigh(method.__name__, (owner, *args, *kwargs.values()))
        return super().call(context, function, *args, **kwargs)


def _bounded(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    if name not in _WIDTHS | _JOINS | _REPLACES:
        return function
    first = int(hasattr(function, "jinja_pass_arg"))  # Jinja's own argument

    @wraps(function)
    def weighed(*args: Any, **kwargs: Any) -> Any:
        values = (*args[first:], *kwargs.values())
        if name == "join" and values:  # the filter has the list first, the method what joins it
            values = (*(values[1:2] or ("",)), values[0])
        _weigh(name, values)
        return function(*args, **kwargs)

    return weighed


def _weigh(name: str, values: tuple[Any, ...]) -> None:
    """Refuse what a filter or a method would make too large of its values."""
    text = values[0] if values and isinstance(values[0], str) else ""
    size = 0
    if name in _WIDTHS:
        widths = [abs(value) for value in values[1:] if isinstance(value, int)]
        size = max(widths, default=0) * (1 + text.count("\n") + text.count("\t"))
        if name.startswith("format") and _WIDE.search(text):
            size = MOST_LETTERS + 1
    elif name in _REPLACES and len(values) > 2:  # noqa: PLR2004 - text, old and new
        times = len(text) + 1 if name == "regex_replace" else text.count(str(values[1]))
        size = times * len(str(values[2]))
    elif name in _JOINS and len(values) > 1 and isinstance(values[1], Sized):
        size = len(values[1]) * len(text)
    _refuse(size, name)


def _weigh_operator(operator: str, left: Any, right: Any) -> None:
    """Refuse what an operator would make too large."""
    size = 0
    if operator == "+" and isinstance(left, (str, list, tuple)) and isinstance(right, Sized):
        size = len(left) + len(right)
    elif operator == "%" and isinstance(left, str):
        size = MOST_LETTERS + 1 if _WIDE.search(left) else 0
    elif isinstance(left, int) and isinstance(right, int):
        bits = left.bit_length()
        bits = bits * right if operator == "**" else bits + right.bit_length()
        size = MOST_LETTERS + 1 if bits > _MOST_BITS and operator != "%" else 0
    elif operator == "*":
        for many, times in ((left, right), (right, left)):
            if isinstance(many, (str, bytes, list, tuple)) and isinstance(times, int):
                size = len(many) * times
    _refuse(size, operator)


def _refuse(size: int, name: str) -> None:
    if size > MOST_LETTERS:
        raise TooLarge(name)


def join_bounded(pieces: Iterable[str]) -> str:
    """Return the pieces of a rendered template as one text.

    Raises:
        TooLarge: there is no end of them.
    """
    found: list[str] = []
    size = 0
    for piece in pieces:
        size += len(piece)
        _refuse(size, "{{ }}")
        found.append(piece)
    return "".join(found)
