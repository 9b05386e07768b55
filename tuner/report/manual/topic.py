"""The page of a topic, the page of a family of keys, and the list of all there is."""

from __future__ import annotations

from typing import Any

from tuner.report.manual._markdown import Lead, bullets, linked, plain, table
from tuner.report.manual._names import Kind, Manual
from tuner.report.manual.key import defaults, key_body, lifetime
from tuner.sysctl.catalog import Parameter
from tuner.sysctl.topics import Topic


def topic_page(topic: Topic, lead: Lead) -> str:
    """Return the page as Markdown."""

    def elsewhere(name: str) -> str | None:
        target = lead(name)
        return "" if name == topic.id and target is not None else target

    return f"# {topic.title}\n\n{linked(topic.text, elsewhere)}"


def topic_data(manual: Manual, topic: Topic) -> dict[str, Any]:
    """Return the page as JSON; the text is Markdown."""
    named = manual.mentioned(topic.text)
    return {
        "kind": "topic",
        "id": topic.id,
        "title": topic.title,
        "text": topic.text,
        "keys": sorted(name.id for name in named if name.kind is Kind.KEY),
        "rules": sorted(name.id for name in named if name.kind is Kind.RULE),
    }


def members(manual: Manual, family: str) -> list[Parameter]:
    """Return the keys of a family, in the catalogue's order."""
    return [entry for entry in manual.parameters.values() if entry.family == family]


def family_page(manual: Manual, family: str, lead: Lead, *, whole: bool) -> str:
    """Return the keys of a family as Markdown: a line each, and ``whole`` with their pages."""
    entries = members(manual, family)
    parts = [f"# {plain(manual.families[family].title)}"]
    if not whole:
        lines = [
            f"{linked(f'`{entry.key}`', lead)} ({defaults(entry)}): {_gist(entry, lead)}"
            for entry in entries
        ]
        return "\n\n".join([*parts, bullets(lines)]) + "\n"
    rows = [
        (
            linked(f"`{entry.key}`", lead),
            defaults(entry),
            lifetime(entry),
            _gist(entry, lead),
        )
        for entry in entries
    ]
    parts.append(table(("key", "default", "releases", "what"), rows))
    for entry in entries:
        parts += [f"## {plain(entry.key)}", key_body(manual, entry.key, lead).rstrip()]
    return "\n\n".join(parts) + "\n"


def family_data(manual: Manual, family: str) -> dict[str, Any]:
    """Return the family as JSON."""
    return {
        "kind": "family",
        "name": family,
        "title": manual.families[family].title,
        "keys": [entry.key for entry in members(manual, family)],
    }


def families_table(manual: Manual, lead: Lead) -> str:
    """Return the families, a line each."""
    rows = [
        (
            linked(f"`keys/{name}`", lead),
            str(len(members(manual, name))),
            plain(family.title),
        )
        for name, family in manual.families.items()
    ]
    return table(("family", "keys", "what"), rows)


def topics_table(manual: Manual, lead: Lead) -> str:
    """Return the topics, a line each."""
    rows = [(linked(f"`{id_}`", lead), plain(topic.title)) for id_, topic in manual.topics.items()]
    return table(("topic", "what"), rows)


def _gist(entry: Parameter, lead: Lead) -> str:
    """Return the first sentence of what a key does."""
    flat = " ".join(entry.summary.split())
    end = flat.find(". ")
    return linked(plain(flat if end < 0 else flat[: end + 1]), lead)
