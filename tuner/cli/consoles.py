"""Where text goes: terminals, pipes, and pipes whose reader has gone."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Mapping
from io import TextIOWrapper
from typing import NoReturn

from rich.console import Console

WIDTH = 100
"""Columns where there is no terminal to ask."""

_LEAST, _MOST = 20, 10_000  # columns that a terminal can have
_ASCII = {"·": "-", "…": "...", "→": "->", "—": "-"}
_ERRORS = "tuner-ascii"


def _in_ascii(error: UnicodeError) -> tuple[str, int]:
    """Stand in for a character that the terminal's encoding has not."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    return "".join(_ASCII.get(character, "?") for character in missing), error.end


codecs.register_error(_ERRORS, _in_ascii)


class _Console(Console):
    def on_broken_pipe(self) -> NoReturn:
        """Leave it to the door: rich would end the program with the exit code of findings."""
        raise BrokenPipeError


def on_stdout() -> Console:
    """Return the console of results."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors=_ERRORS)
    environment = _environment()
    width = None if sys.stdout.isatty() or "COLUMNS" in environment else WIDTH
    return _Console(width=width, highlight=False, soft_wrap=False, _environ=environment)


def on_stderr() -> Console:
    """Return the console of progress and complaints."""
    # What is kept in a file is looked for with grep, line by line.
    whole = not sys.stderr.isatty()
    return _Console(stderr=True, highlight=False, soft_wrap=whole, _environ=_environment())


def _environment() -> Mapping[str, str]:
    """Return the environment, without a width that no terminal has: rich would believe it."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isascii() and columns.isdigit() and _LEAST <= int(columns[:9]) <= _MOST:
        return os.environ
    return {name: value for name, value in os.environ.items() if name != "COLUMNS"}


def for_file() -> Console:
    """Return a console whose text is captured, without colours."""
    return _Console(width=WIDTH, highlight=False, no_color=True, color_system=None)
