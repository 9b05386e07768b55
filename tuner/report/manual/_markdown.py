"""Markdown: what a page is written in, and how its words lead to other pages."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Sequence

from tuner.report._clean import clean

Lead = Callable[[str], str | None]
"""Where a name leads: a link's target, empty for a name that leads nowhere, None for no name."""

_LITERAL = re.compile(
    r"(?P<block>^ {4}.*$|^```.*?^```)"  # code blocks
    r"|(?P<link>\[[^\]]*\]\([^)]*\))"
    r"|(?P<code>`[^`\n]+`)",
    re.MULTILINE | re.DOTALL,
)
_WORD = re.compile(r"(?<![\w./:@-])[A-Za-z][\w*-]*(?:[./][\w*-]+)*(?![\w(:])")
_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+!|~&-])")
_NOT_IN_ANCHOR = re.compile(r"[^\w\- ]")


def escaped(text: str, *, longest: int = 200) -> str:
    """Return text that a host chose so that it is text in Markdown and on a terminal."""
    return _SPECIAL.sub(r"\\\1", clean(text, longest=longest))


def cell(text: str) -> str:
    """Return text as one cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; a head of empty texts makes one without a heading."""
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    lines += [f"| {' | '.join(map(cell, row))} |" for row in rows]
    return "\n".join(lines)


def facts(rows: Iterable[tuple[str, str]]) -> str:
    """Return a table of names and what is known of them, without the rows that are empty."""
    return table(("", ""), [row for row in rows if row[1]])


def bullets(items: Iterable[str]) -> str:
    """Return a list."""
    return "\n".join(f"- {' '.join(item.split())}" for item in items)


def plain(text: str) -> str:
    """Return text of tuner's own with nothing in it that Markdown would take for its own."""
    return re.sub(r"(?<!\w)([*_<])", r"\\\1", text)


def anchor(heading: str) -> str:
    """Return what GitHub makes of a heading, for the part of a link after ``#``."""
    return _NOT_IN_ANCHOR.sub("", heading.replace("`", "").lower()).replace(" ", "-")


def linked(text: str, lead: Lead) -> str:
    """Return Markdown with every name of the manual as code, and as a link where it leads.

    In running text only what cannot be an everyday word counts as a name: it has an underscore, a
    dot, a slash or a hyphen in it. Code that is one name becomes a link; other code is left alone.
    """
    done: list[str] = []
    at = 0
    for literal in _LITERAL.finditer(text):
        done.append(_named(text[at : literal.start()], lead))
        code = literal.group("code")
        target = lead(code[1:-1]) if code else None
        done.append(f"[{code}]({target})" if target else literal.group())
        at = literal.end()
    done.append(_named(text[at:], lead))
    return "".join(done)


def _named(text: str, lead: Lead) -> str:
    def name(match: re.Match[str]) -> str:
        word = match.group()
        target = lead(word) if re.search(r"[_./-]", word) else None
        if target is None:
            return word
        return f"[`{word}`]({target})" if target else f"`{word}`"

    return _WORD.sub(name, text)


def unindented(text: str) -> str:
    """Return a section of a docstring without its indentation."""
    return textwrap.dedent(text).strip()
