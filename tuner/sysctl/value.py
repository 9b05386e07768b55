"""The content of a kernel setting, compared as the kernel compares it.

The kernel prints vectors with tabs, people write them with blanks, and both mean the same
(``proc_dointvec`` skips any white space). So a value is its tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from tuner.lazy import lazy

_SHORT = 100  # characters of a text that is worth remembering


@dataclass(frozen=True)
class Value:
    """The white-space separated tokens of a setting's content; no token for an empty content."""

    tokens: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join(self.tokens)

    def ints(self) -> tuple[int, ...] | None:
        """Return the tokens as whole numbers, None where one is not decimal."""
        return self._numbers

    @lazy
    def _numbers(self) -> tuple[int, ...] | None:
        try:
            return tuple([int(token, 10) for token in self.tokens])
        except ValueError:
            return None

    @lazy
    def written(self) -> tuple[int, ...] | None:
        """The numbers as the kernel reads them: decimal, 0x16, or octal with a leading zero."""
        found = []
        for token in self.tokens:
            digits = token.removeprefix("-").lower()
            base = 16 if digits.startswith("0x") else 8 if digits.startswith("0") else 10
            try:
                found.append(int(token, base if digits != "0" else 10))
            except ValueError:
                return None
        return tuple(found)

    def int(self) -> int | None:
        """Return the one whole number that this value is, None where it is anything else."""
        numbers = self.ints()
        return numbers[0] if numbers is not None and len(numbers) == 1 else None


def parse_value(text: str) -> Value:
    """Return the value that a setting's content or a file's right-hand side stands for."""
    return _remembered(text) if len(text) <= _SHORT else Value(tuple(text.split()))


@lru_cache(maxsize=1 << 13)  # a fleet's hosts, and the rules on each, ask for the same ones
def _remembered(text: str) -> Value:
    return Value(tuple(text.split()))
