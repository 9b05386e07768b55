"""The manual as a folder of Markdown files that link to each other."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping

from tuner.report.manual._markdown import Lead, anchor
from tuner.report.manual._names import Kind, Manual, Name
from tuner.report.manual.profile import comparison_page, profile_page, profiles_table
from tuner.report.manual.rule import rule_page, rules_table
from tuner.report.manual.topic import (
    families_table,
    family_page,
    topic_page,
    topics_table,
)
from tuner.sysctl.key import Key

INDEX = "README.md"
COMPARISON = "profiles/comparison.md"
_NOTICE = (
    "<!-- Made by `make docs`; edit the rule, the catalogue, the topic or the profile. -->\n\n"
)

_WHAT = (
    "What tuner knows, as `tuner explain` shows it: what every setting does on which kernel, what "
    "every rule flags and why, and what the settings have in common. Every statement names its "
    "source; what could be measured was measured, on Linux 6.18."
)
_WHENCE = (
    "tuner grew out of two documents about TIME_WAIT, one Korean and one Indonesian. Where they "
    "are wrong, or disagree with each other, the topics say so."
)


def site(manual: Manual) -> Mapping[str, str]:
    """Return every page by its path below the folder."""

    def page(path: str, write: Callable[[Lead], str]) -> None:
        pages[path] = _NOTICE + write(lambda name: _target(manual, path, name))

    pages: dict[str, str] = {}
    page(INDEX, lambda lead: _index(manual, lead))
    for topic in manual.topics.values():
        page(f"topics/{topic.id}.md", lambda lead, topic=topic: topic_page(topic, lead))  # type: ignore[misc]
    for rule in manual.rules.values():
        page(f"rules/{rule.id}.md", lambda lead, rule=rule: rule_page(rule, lead))  # type: ignore[misc]
    for family in manual.families:
        page(
            f"keys/{family}.md",
            lambda lead, family=family: family_page(manual, family, lead, whole=True),  # type: ignore[misc]
        )
    for name in manual.profiles:
        page(f"profiles/{name}.md", lambda lead, name=name: profile_page(manual, name, lead))  # type: ignore[misc]
    page(COMPARISON, lambda lead: comparison_page(manual, lead))
    return dict(sorted(pages.items()))


def _target(manual: Manual, at: str, text: str) -> str | None:
    """Return the link from one page to what a name means, None where it is no name."""
    folder, _, rest = text.partition("/")
    found = (
        Name(Kind.FAMILY, rest)
        if folder == Kind.FAMILY and rest in manual.families
        else manual.find(text)
    )
    if found is None:
        return None
    if found.kind is Kind.KEY:
        entry = manual.parameters[Key(found.id)]
        path, part = f"{Kind.FAMILY}/{entry.family}.md", f"#{anchor(entry.key)}"
    else:
        path, part = f"{found.kind}/{found.id}.md", ""
    return part if path == at and part else posixpath.relpath(path, posixpath.dirname(at)) + part


def _index(manual: Manual, lead: Lead) -> str:
    parts = (
        "# The manual of tuner",
        _WHAT,
        _WHENCE,
        "## Topics",
        topics_table(manual, lead),
        "## Rules",
        rules_table(manual.rules.values(), lead),
        "## Keys",
        families_table(manual, lead),
        "## Profiles",
        profiles_table(manual, lead),
        f"How they compare with what others recommend: [comparison]({COMPARISON}).",
    )
    return "\n\n".join(parts) + "\n"
