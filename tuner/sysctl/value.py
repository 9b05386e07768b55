"""The content of a kernel setting, compared as the kernel compares it.

The kernel prints vectors with tabs, people write them with blanks, and both mean the same
(``proc_dointvec`` skips any white space). So a value is its tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

_SHORT = 100  # characters of a text that is worth remembering


@dataclass(frozen=True, slots=True)
class Value:
    """The white-space separated tokens of a setting's content; no token for an empty content."""

    tokens: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join(self.tokens)

    def ints(self) -> tuple[int, ...] | None:
        """Return the tokens as whole numbers, None where one is not decimal."""
        try:
            return tuple(int(token, 10) for token in self.tokens)
        except ValueError:
            return None

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
