"""What several settings have in common: TIME_WAIT, ports, NAT, queues, closing, files.

A topic is one page of Markdown in ``topics/``, with its sources, true for every kernel release
that it names. Like the catalogue it is read once and only when asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

_FOLDER = Path(__file__).with_suffix("")


@dataclass(frozen=True, slots=True)
class Topic:
    """One page: ``text`` is Markdown without the title, its last section is "Sources"."""

    id: str
    title: str
    text: str

    @property
    def lead(self) -> str:
        """The first paragraph, on one line."""
        return " ".join(self.text.partition("\n\n")[0].split())


@cache
def topics() -> Mapping[str, Topic]:
    """Return every topic by its id, the file's name, sorted.

    Raises:
        ValueError: a page does not begin with a title.
    """
    found = {}
    for path in sorted(_FOLDER.glob("*.md")):
        title, _, text = path.read_text(encoding="utf-8").partition("\n\n")
        if not title.startswith("# "):
            raise ValueError(f"{path.name} does not begin with a title")
        found[path.stem] = Topic(path.stem, title.removeprefix("# ").strip(), text.strip() + "\n")
    return MappingProxyType(found)
