"""`tuner explain` and `tuner schema`: what there is to read."""

from __future__ import annotations

import argparse
import difflib
import inspect
import sys
from importlib import resources

from tuner.cli.exits import Exit
from tuner.errors import UsageError
from tuner.rules._check import registry
from tuner.rules._rule import Rule
from tuner.sysctl.catalog import Parameter, describe, parameters
from tuner.sysctl.key import parse_key


def run(options: argparse.Namespace) -> Exit:
    """Print the page of a rule or a key; without a name, the list of rules."""
    rules = registry()
    if options.name is None:
        width = max(map(len, rules))
        for rule in rules.values():
            print(f"{rule.id:<{width}}  {rule.severity!s:<8} {rule.kind:<8} {rule.title}")
        return Exit.CLEAN
    if options.name in rules:
        sys.stdout.write(_rule_page(rules[options.name]))
        return Exit.CLEAN
    try:
        parameter = describe(parse_key(options.name))
    except ValueError:
        parameter = None
    if parameter is None:
        known = [*rules, *parameters()]
        close = difflib.get_close_matches(options.name, known, n=3, cutoff=0.6)
        raise UsageError(
            f"no rule and no key is called {options.name!r}",
            hint=f"did you mean: {', '.join(close)}?" if close else "`tuner explain` lists rules",
        )
    sys.stdout.write(_key_page(parameter))
    return Exit.CLEAN


def print_schema(options: argparse.Namespace) -> Exit:
    """Print the JSON Schema of a document."""
    schema = resources.files("tuner.report") / "schema" / f"{options.document}-1.json"
    sys.stdout.write(schema.read_text(encoding="utf-8"))
    return Exit.CLEAN


def _rule_page(rule: Rule) -> str:
    sources = "\n".join(f"  {source}" for source in rule.sources)
    return (
        f"{rule.id}   {rule.severity} · {rule.kind} · {rule.confidence}\n\n"
        f"{inspect.cleandoc(rule.doc)}\n\nSources\n{sources}\n"
    )


def _key_page(parameter: Parameter) -> str:
    lines = [parameter.key, "", inspect.cleandoc(parameter.summary), ""]
    for name, value in parameter.model_dump(mode="json", exclude_defaults=True).items():
        if name in {"key", "summary"} or value in (None, "", [], ()):
            continue
        if isinstance(value, list):
            lines.append(f"{name}:")
            lines.extend(f"  {_flat(item)}" for item in value)
        else:
            lines.append(f"{name}: {_flat(value)}")
    return "\n".join(lines) + "\n"


def _flat(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {item}" for name, item in value.items() if item is not None)
    return str(value)
