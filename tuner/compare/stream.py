"""A JSON object read piece by piece, so that a report of any size needs little memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NoReturn, TextIO

from tuner.errors import ReportError

HINT = "make it with: tuner audit --output json:FILE"
_CHUNK = 1 << 16
_LONGEST = 256 << 20  # characters of one value
_BLANK = " \t\n\r"
_DECODER = json.JSONDecoder()


class Stream:
    """A walk over one JSON object."""

    def __init__(self, stream: TextIO, file: str) -> None:
        self._stream = stream
        self._file = file
        self._text = ""
        self._at = 0
        self._line, self._column = 1, 1  # of the start of _text
        self._ended = False

    def members(self) -> Iterator[str]:
        """Yield each name of the object; before the next, its value must have been read.

        Raises:
            ReportError: the text is no JSON object.
        """
        self._expect("{")
        if self._peek() == "}":
            self._at += 1
        else:
            while True:
                if self._peek() != '"':
                    self.fail("not JSON: here should be a name in quotes")
                name = self.value()
                self._expect(":")
                yield str(name)
                if self._more("}"):
                    break
        if self._peek():
            self.fail("not JSON: something follows the object")

    def elements(self) -> Iterator[tuple[int, Any]]:
        """Yield number and value of each element of the array that comes now.

        Raises:
            ReportError: there is no array, or it is damaged.
        """
        self._expect("[")
        if self._peek() == "]":
            self._at += 1
            return
        number = 0
        while True:
            yield number, self.value()
            number += 1
            if self._more("]"):
                return

    def value(self) -> Any:
        """Return the value that comes now.

        Raises:
            ReportError: it is damaged, or too large.
        """
        self._peek()
        self._forget()
        want = _CHUNK
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text)
            except json.JSONDecodeError as error:
                if self._ended:
                    self._at = error.pos
                    what = "it ends too early" if error.pos >= len(self._text) else error.msg
                    self.fail(f"not JSON: {what[:1].lower()}{what[1:]}")
            except RecursionError:
                self.fail("not JSON: nested too deeply")
            except ValueError as error:  # a number of thousands of digits
                self.fail(f"not JSON: {error}")
            else:
                # A number at the end of what was read may go on.
                if end < len(self._text) or self._ended:
                    self._at = end
                    return value
            if len(self._text) > _LONGEST:
                self.fail(f"a value is longer than {_LONGEST} characters")
            self._fill(want)
            want = len(self._text)

    def fail(self, problem: str, *, hint: str = HINT) -> NoReturn:
        """Complain about the place where the walk is.

        Raises:
            ReportError: always.
        """
        line, column = self.place()
        raise ReportError(problem, file=self._file, line=line, column=column, hint=hint)

    def place(self) -> tuple[int, int]:
        """Return line and column (from 1) of where the walk is."""
        read = self._text[: self._at]
        breaks = read.count("\n")
        if breaks:
            return self._line + breaks, len(read) - read.rfind("\n")
        return self._line, self._column + len(read)

    def _more(self, closing: str) -> bool:
        """Pass a comma, or the closing bracket; tell whether it was that."""
        found = self._peek()
        if found not in {",", closing}:
            self.fail(
                "not JSON: it ends too early" if not found else "not JSON: a comma is missing"
            )
        self._at += 1
        return found == closing

    def _expect(self, mark: str) -> None:
        if self._peek() != mark:
            self.fail(f"not JSON: here should be {mark!r}")
        self._at += 1

    def _peek(self) -> str:
        """Pass blanks and return the next character, nothing at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _BLANK:
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if self._ended:
                return ""
            self._forget()
            self._fill(_CHUNK)

    def _forget(self) -> None:
        self._line, self._column = self.place()
        self._text = self._text[self._at :]
        self._at = 0

    def _fill(self, count: int) -> None:
        try:
            more = self._stream.read(count)
        except UnicodeDecodeError as error:
            raise ReportError(
                f"not UTF-8 (byte {error.start})", file=self._file, hint="is it a JSON report?"
            ) from None
        except OSError as error:
            raise ReportError(
                f"cannot read: {error.strerror}",
                file=self._file,
                hint="check the path and its permissions",
            ) from None
        self._ended = not more
        self._text += more
