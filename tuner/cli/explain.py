"""`tuner explain`, `rules`, `profiles`, `schema` and `probe`: what there is to read."""

from __future__ import annotations

import argparse
import difflib
import sys
from datetime import UTC, datetime
from importlib import resources
from typing import Any

from tuner.cli.exits import Exit
from tuner.cli.manual import manual, show
from tuner.errors import UsageError
from tuner.remote.collect import probe
from tuner.report.manual._markdown import Lead
from tuner.report.manual._names import Kind, Manual, Name
from tuner.report.manual.key import key_data, key_page
from tuner.report.manual.profile import profile_data, profile_page, profiles_table
from tuner.report.manual.rule import for_role, rule_data, rule_page, rules_table
from tuner.report.manual.topic import (
    families_table,
    family_data,
    family_page,
    topic_data,
    topic_page,
    topics_table,
)
from tuner.sysctl.key import Key, parse_key


def run(options: argparse.Namespace) -> Exit:
    """Print the page of a rule, a key, a topic or a profile; without a name, the list of all."""
    known = manual(options.profiles)
    if options.name is None:
        if _asks_a_host(options):
            raise UsageError(
                "--host and --from go with the name of a key, a rule or a topic",
                hint="as in: tuner explain tcp_tw_reuse --from DUMP",
            )
        show(_list(known), options.format, _list_data(known))
        return Exit.CLEAN
    name = _asked(known, options.name)
    text, data = _page(known, name)
    if _asks_a_host(options):
        more, data["host"] = _on_host(known, name, options)
        text += "\n" + more
    show(text, options.format, data)
    return Exit.CLEAN


def print_rules(options: argparse.Namespace) -> Exit:
    """Print the catalogue of rules, those that the options choose."""
    known = manual(options.profiles)
    for role in options.roles:
        if role not in known.profiles:
            raise UsageError(
                f"there is no role {role!r}", hint=f"there are: {', '.join(known.profiles)}"
            )
    chosen = [
        rule
        for rule in known.rules.values()
        if (not options.kinds or rule.kind in options.kinds)
        and (not options.severities or str(rule.severity) in options.severities)
        and (not options.confidences or rule.confidence in options.confidences)
        and (not options.roles or any(rule.id in for_role(known, role) for role in options.roles))
    ]
    text = rules_table(chosen, _nowhere(known)) + "\n" if chosen else "No rule is like that.\n"
    show(text, options.format, [rule_data(rule) for rule in chosen])
    return Exit.CLEAN


def print_profiles(options: argparse.Namespace) -> Exit:
    """Print the profiles, or one of them with all that it extends."""
    known = manual(options.profiles)
    if options.name is None:
        data = [profile_data(known, name) for name in known.profiles]
        show(profiles_table(known, _nowhere(known)) + "\n", options.format, data)
        return Exit.CLEAN
    if options.name not in known.profiles:
        close = difflib.get_close_matches(options.name, known.profiles, n=1, cutoff=0.5)
        hint = f"did you mean {close[0]}? " if close else ""
        raise UsageError(
            f"there is no profile {options.name!r}",
            hint=f"{hint}There are: {', '.join(known.profiles)}",
        )
    text = profile_page(known, options.name, _nowhere(known))
    show(text, options.format, profile_data(known, options.name))
    return Exit.CLEAN


def print_schema(options: argparse.Namespace) -> Exit:
    """Print the JSON Schema of a document."""
    schema = resources.files("tuner.report") / "schema" / f"{options.document}-1.json"
    sys.stdout.write(schema.read_text(encoding="utf-8"))
    return Exit.CLEAN


def print_probe(_: argparse.Namespace) -> Exit:
    """Print the script that hosts are asked with."""
    sys.stdout.write(probe())
    return Exit.CLEAN


def _asks_a_host(options: argparse.Namespace) -> bool:
    return bool(options.host or options.sources or options.inventory)


def _nowhere(known: Manual) -> Lead:
    """Lead nowhere: a page that is printed alone has names in it, and no links."""
    return lambda name: None if known.find(name) is None else ""


def _asked(known: Manual, text: str) -> Name:
    """Return the page that is meant.

    Raises:
        UsageError: none is, or several are.
    """
    found = known.ask(text)
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(
            f"{text!r} is several keys", hint=f"name one: {', '.join(name.id for name in found)}"
        )
    close = known.suggestions(text)
    raise UsageError(
        f"no rule, no key and no topic is called {text!r}",
        hint=f"did you mean: {', '.join(close)}?" if close else "`tuner explain` lists them all",
    )


def _page(known: Manual, name: Name) -> tuple[str, dict[str, Any]]:
    lead = _nowhere(known)
    match name.kind:
        case Kind.RULE:
            return rule_page(known.rules[name.id], lead), rule_data(known.rules[name.id])
        case Kind.TOPIC:
            topic = known.topics[name.id]
            return topic_page(topic, lead), topic_data(known, topic)
        case Kind.PROFILE:
            return profile_page(known, name.id, lead), profile_data(known, name.id)
        case Kind.FAMILY:
            return family_page(known, name.id, lead, whole=False), family_data(known, name.id)
    return key_page(known, Key(name.id), lead), key_data(known, Key(name.id))


def _list(known: Manual) -> str:
    lead = _nowhere(known)
    parts = (
        "# What there is to read",
        "`tuner explain NAME` prints a page; any key may be named, in any spelling.",
        "## Topics",
        topics_table(known, lead),
        "## Rules",
        rules_table(known.rules.values(), lead, brief=True),
        "## Families of keys",
        families_table(known, lead),
        "## Profiles",
        profiles_table(known, lead),
    )
    return "\n\n".join(parts) + "\n"


def _list_data(known: Manual) -> dict[str, Any]:
    return {
        "topics": [{"id": topic.id, "title": topic.title} for topic in known.topics.values()],
        "rules": [
            {key: value for key, value in rule_data(rule).items() if key != "sections"}
            for rule in known.rules.values()
        ],
        "families": [family_data(known, name) for name in known.families],
        "profiles": [
            {"name": name, "summary": profile.summary} for name, profile in known.profiles.items()
        ],
    }


def _on_host(known: Manual, name: Name, options: argparse.Namespace) -> tuple[str, dict[str, Any]]:
    """Return what the one host that the options name has of it, as Markdown and as JSON.

    Raises:
        UsageError: the options mean no host or several, or the page is about none.
        TunerError: the host could not be asked.
    """
    from tuner.cli.one_host import ask_one  # noqa: PLC0415 - reading alone needs no network
    from tuner.policy.resolve import resolve  # noqa: PLC0415
    from tuner.report.manual import on_host as view  # noqa: PLC0415
    from tuner.rules._check import check  # noqa: PLC0415

    if name.kind in {Kind.FAMILY, Kind.PROFILE}:
        raise UsageError(
            "--host and --from go with a key, a rule or a topic",
            hint="name one: tuner explain KEY --host HOST",
        )
    host, snapshot = ask_one(options)
    policy = resolve(known.profiles, host.roles or ("base",))
    if name.kind is Kind.RULE:
        verdict = check(snapshot, policy, [known.rules[name.id]], today=datetime.now(UTC).date())
        data = view.host_data(snapshot, [])
        data["findings"] = [finding.message for finding in verdict.findings]
        data["skipped"] = [skipped.reason for skipped in verdict.skipped]
        return view.findings_section(snapshot, verdict), data
    if name.kind is Kind.TOPIC:
        named = known.mentioned(known.topics[name.id].text)
        asked = [Key(it.id) for it in named if it.kind is Kind.KEY and "*" not in it.id]
        found = [view.on_host(snapshot, policy, key) for key in asked if key in snapshot.live]
        return view.topic_section(snapshot, found), view.host_data(snapshot, found)
    keys = view.keys_on_host(snapshot, _exact(options.name, Key(name.id)))
    found = [view.on_host(snapshot, policy, key) for key in keys]
    return view.host_section(snapshot, found), view.host_data(snapshot, found)


def _exact(text: str, described: Key) -> Key:
    """Return the key with the interface that the person named, where it was one."""
    try:
        key = parse_key(text)
    except ValueError:
        return described
    return key if "." in key and "*" in described else described
