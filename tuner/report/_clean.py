"""Make text that a host chose harmless for a terminal."""

from __future__ import annotations

import unicodedata

_LONGEST = 200
_HINT = 4000  # a command with the longest host key that is in use, and a path


def clean(text: str, *, longest: int = _LONGEST) -> str:
    r"""Return the text with everything that could move, recolour or reorder a line made visible.

    Control, format (bidirectional overrides, zero-width), private and unassigned characters become
    ``\x1b``-like escapes; what is longer than ``longest`` characters is cut and says so.
    """
    if len(text) > longest:
        text = f"{text[: longest - 1]}…"
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable() and unicodedata.category(character) != "Cf"
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def clean_hint(text: str) -> str:
    """Return a next step, clean and whole: it may hold a command, and half of one is none."""
    return clean(text, longest=_HINT)
