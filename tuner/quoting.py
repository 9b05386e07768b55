"""A foreigner's own words, made fit to be quoted in one line of a message."""

from __future__ import annotations


def quotable(text: str | bytes, *, longest: int = 200) -> str:
    """Return the text cut to ``longest`` characters, with a blank for what is not printable."""
    if isinstance(text, bytes):
        text = text[: 4 * longest].decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else " " for c in text[:longest]).strip()


def first_line(data: bytes, *, longest: int = 120) -> str:
    """Return the first line that says something, quotable; empty for none."""
    for line in data[:4096].decode("utf-8", "backslashreplace").splitlines():
        shown = quotable(line, longest=longest)
        if shown:
            return shown
    return ""
