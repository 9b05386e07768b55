"""The page of a rule, which is its module's docstring, and the catalogue of rules."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from tuner.report.manual._markdown import Lead, bullets, linked, plain, table, unindented
from tuner.report.manual._names import Manual
from tuner.rules._rule import Rule

_HEADING = re.compile(r"^(\S.*)\n", re.MULTILINE)


def sections(rule: Rule) -> dict[str, str]:
    """Return the parts of the page: heading → text."""
    _, _, rest = rule.doc.strip().partition("\n")
    _, *parts = _HEADING.split(f"\n{rest}\n")
    return {
        heading: unindented(text) for heading, text in zip(parts[::2], parts[1::2], strict=True)
    }


def rule_page(rule: Rule, lead: Lead) -> str:
    """Return the page as Markdown."""

    def elsewhere(name: str) -> str | None:
        target = lead(name)
        return "" if name == rule.id and target is not None else target

    parts = [
        f"# {rule.id}",
        f"{linked(plain(rule.title), elsewhere)}.",
        f"**{rule.severity}** · {rule.kind} · {rule.confidence}{_not_for(rule, lead)}",
    ]
    for heading, text in sections(rule).items():
        parts += [f"## {heading}", linked(text, elsewhere)]
    parts += ["## Sources", bullets(plain(source) for source in rule.sources)]
    return "\n\n".join(parts) + "\n"


def rule_data(rule: Rule) -> dict[str, Any]:
    """Return the page as JSON."""
    return {
        "kind": "rule",
        "id": rule.id,
        "title": rule.title,
        "about": str(rule.kind),
        "severity": str(rule.severity),
        "confidence": str(rule.confidence),
        "not_for": list(rule.not_for),
        "sections": sections(rule),
        "sources": list(rule.sources),
    }


def rules_table(rules: Iterable[Rule], lead: Lead, *, brief: bool = False) -> str:
    """Return the catalogue as a table, in the order given; ``brief`` leaves confidence out."""
    head: tuple[str, ...] = ("rule", "severity", "kind", "confidence", "what it flags")
    rows: list[tuple[str, ...]] = [
        (
            linked(f"`{rule.id}`", lead),
            str(rule.severity),
            str(rule.kind),
            str(rule.confidence),
            linked(plain(rule.title), lead) + _not_for(rule, lead),
        )
        for rule in rules
    ]
    if brief:
        head, rows = (*head[:3], head[4]), [(*row[:3], row[4]) for row in rows]
    return table(head, rows)


def _not_for(rule: Rule, lead: Lead) -> str:
    roles = ", ".join(linked(f"`{role}`", lead) for role in rule.not_for)
    return f" (not for {roles})" if roles else ""


def for_role(manual: Manual, role: str) -> frozenset[str]:
    """Return the ids of the rules that can say something of a host with that role."""
    lineage = manual.policies[role].lineage
    return frozenset(id_ for id_, rule in manual.rules.items() if not lineage & set(rule.not_for))
