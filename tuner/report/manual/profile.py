"""The page of a profile: what it sets, leaves alone and avoids, and which line says so."""

from __future__ import annotations

from typing import Any

from tuner.policy.compliance import wanted
from tuner.policy.policy import Avoid, Expectation, LeaveAlone
from tuner.report.manual._markdown import Lead, bullets, linked, plain, table
from tuner.report.manual._names import Manual

_COMPARED = (
    "Values as they were published, condensed; a publisher that says nothing of a key is left out. "
    "That a number is here does not make it right: myths and contradictions are among them, and "
    "the last column says what we make of it."
)


def profile_page(manual: Manual, name: str, lead: Lead) -> str:
    """Return the page as Markdown: the profile with all that it extends."""
    profile, policy = manual.profiles[name], manual.policies[name]
    parents = ", ".join(linked(f"`{parent}`", lead) for parent in profile.extends)
    parts = [
        f"# {plain(name)}",
        plain(profile.summary) + (f" Extends {parents}." if parents else ""),
        "## Set",
        bullets(_set(line, lead) for line in policy.expectations.values()),
    ]
    if policy.leave_alone:
        parts += [
            "## Leave alone",
            bullets(_left_alone(line, lead) for line in policy.leave_alone.values()),
        ]
    if policy.avoid:
        parts += ["## Avoid", bullets(_avoided(line, lead) for line in policy.avoid.values())]
    sources = {
        source: None
        for lines in (policy.expectations, policy.leave_alone, policy.avoid)
        for line in lines.values()
        for source in line.sources
    }
    parts += ["## Sources", bullets(sorted(plain(source) for source in sources))]
    return "\n\n".join(parts) + "\n"


def _set(line: Expectation, lead: Lead) -> str:
    must = ", and the key must be there" if line.required else ""
    return (
        f"{linked(f'`{line.key}`', lead)}: **{wanted(line)}**{must} "
        f"({line.severity}, {line.confidence}; {line.origin}). {linked(plain(line.why), lead)}"
    )


def _left_alone(line: LeaveAlone, lead: Lead) -> str:
    return (
        f"{linked(f'`{line.key}`', lead)} ({line.confidence}; {line.origin}). "
        f"{linked(plain(line.why), lead)}"
    )


def _avoided(line: Avoid, lead: Lead) -> str:
    judge = f"; judged by {linked(f'`{line.rule}`', lead)}" if line.rule else ""
    return (
        f"{linked(f'`{line.key}`', lead)}: **{plain(line.values)}** "
        f"({line.confidence}; {line.origin}{judge}). {linked(plain(line.why), lead)}"
    )


def profiles_table(manual: Manual, lead: Lead) -> str:
    """Return the profiles, a line each."""
    rows = [
        (
            linked(f"`{name}`", lead),
            ", ".join(profile.extends),
            str(len(manual.policies[name].expectations)),
            str(len(manual.policies[name].leave_alone)),
            str(len(manual.policies[name].avoid)),
            plain(profile.summary),
        )
        for name, profile in manual.profiles.items()
    ]
    return table(("profile", "extends", "sets", "leaves alone", "avoids", "for"), rows)


def profile_data(manual: Manual, name: str) -> dict[str, Any]:
    """Return the page as JSON, each line with its origin."""
    profile, policy = manual.profiles[name], manual.policies[name]
    return {
        "kind": "profile",
        "name": name,
        "summary": profile.summary,
        "extends": list(profile.extends),
        "expect": [
            {
                "key": key,
                "relation": line.relation,
                "wanted": wanted(line),
                "per_gib": line.per_gib,
                "required": line.required,
                "severity": str(line.severity),
                "confidence": str(line.confidence),
                "why": line.why,
                "sources": list(line.sources),
                "origin": line.origin,
            }
            for key, line in policy.expectations.items()
        ],
        "leave_alone": [line.model_dump(mode="json") for line in policy.leave_alone.values()],
        "avoid": [line.model_dump(mode="json") for line in policy.avoid.values()],
    }


def comparison_page(manual: Manual, lead: Lead) -> str:
    """Return how our profiles compare with what other publishers recommend, as Markdown."""
    rows = []
    for key, advice in manual.peers.keys.items():
        theirs = "; ".join(
            f"{plain(manual.peers.publishers[name].name)} {plain(value)}"
            for name, value in advice.says.items()
        )
        rows.append(
            (linked(f"`{key}`", lead), ours(manual, key), theirs, linked(plain(advice.why), lead))
        )
    parts = (
        "# Our profiles and what others recommend",
        _COMPARED,
        table(("key", "ours", "others", "why"), rows),
        "## Publishers",
        table(
            ("who", "where it was read"),
            [(plain(it.name), plain(it.source)) for it in manual.peers.publishers.values()],
        ),
    )
    return "\n\n".join(parts) + "\n"


def ours(manual: Manual, key: str) -> str:
    """Return in a few words what our profiles say of a key."""
    said: dict[str, list[str]] = {}
    for name, profile in manual.profiles.items():
        for found, line in profile.expectations.items():
            if found == key:
                said.setdefault(wanted(line), []).append(name)
        for found in profile.leave_alone:
            if found == key:
                said.setdefault("left alone", []).append(name)
        for found, bad in profile.avoid.items():
            if found == key:
                said.setdefault(f"avoid {plain(bad.values)}", []).append(name)
    return "; ".join(f"{what} ({', '.join(names)})" for what, names in said.items()) or "nothing"
