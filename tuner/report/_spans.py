"""Text that a host or a person chose, made harmless for Markdown.

It stands in a code span, where it can neither open a tag, nor end a table's cell, nor mention
anybody.
"""

from __future__ import annotations

import re

from tuner.report._clean import clean

_LONGEST = 1 << 20  # a list of hosts is never cut
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~&-])")


def plain(given: str) -> str:
    """Return the text cleaned; it goes where Markdown reads nothing, or is escaped afterwards."""
    return clean(str(given), longest=_LONGEST)


def code(given: str) -> str:
    """Return a code span; its fence is longer than any run of backticks within."""
    text = plain(given).strip()
    if not text:
        return ""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    blank = " " if longest else ""
    return f"{fence}{blank}{text}{blank}{fence}"


def cell(given: str) -> str:
    """Return a code span for a table, where a bar ends the cell even within code."""
    return code(given).replace("|", "\\|")


def prose(given: str) -> str:
    """Return our own text with what Markdown would read made literal."""
    return _SPECIAL.sub(r"\\\1", plain(given))
