"""The page of a rule, which is its docstring, taken apart."""

from __future__ import annotations

import inspect
import re

from tuner.rules._rule import Rule

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~])")


def sections(rule: Rule) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the page's sections, each with its name and its paragraphs, sources last."""
    found: list[tuple[str, list[list[str]]]] = []
    for line in inspect.cleandoc(rule.doc).splitlines()[1:]:
        if line and not line.startswith(" "):
            found.append((line.strip(), [[]]))
        elif found and line:
            found[-1][1][-1].append(line.strip())
        elif found and found[-1][1][-1]:
            found[-1][1].append([])
    pages = [
        (name, tuple(" ".join(lines) for lines in paragraphs if lines))
        for name, paragraphs in found
    ]
    return (*pages, ("Sources", rule.sources))


def section(rule: Rule, name: str) -> str:
    """Return one section as one paragraph, empty where the page has none of that name."""
    return " ".join(text for title, texts in sections(rule) if title == name for text in texts)


def markdown(rule: Rule) -> str:
    """Return the page in Markdown, without its title."""
    parts = []
    for name, paragraphs in sections(rule):
        parts.append(f"## {name}")
        bullet = "- " if name == "Sources" else ""
        joint = "\n" if bullet else "\n\n"
        parts.append(joint.join(bullet + _SPECIAL.sub(r"\\\1", text) for text in paragraphs))
    return "\n\n".join(parts) + "\n"
