"""The judgement of settings files alone, of no host."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from tuner.policy.policy import Policy
from tuner.rules._as_loaded import as_loaded
from tuner.rules._check import check, lint_rules, registry
from tuner.rules._finding import Finding
from tuner.rules._rule import Rule
from tuner.rules.hygiene._suppress import Suppression, covering, suppressions
from tuner.rules.hygiene.unused_suppression import RULE as UNUSED
from tuner.snapshot.snapshot import Snapshot

NOBODY = Policy((), frozenset(), {}, {})
"""What is wanted where no role is named: nothing."""


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A finding that a comment covers; it stays visible."""

    finding: Finding
    reason: str


@dataclass(frozen=True, slots=True)
class Linted:
    """Everything that the rules say of some files, in the order of path, line and column."""

    findings: tuple[Finding, ...]
    suppressed: tuple[Suppressed, ...] = ()


def lint(
    snapshot: Snapshot, rules: Iterable[Rule] | None = None, policy: Policy = NOBODY
) -> Linted:
    """Return what the rules say of a snapshot's settings files.

    Rules about values judge a host that has booted with the files and of which nothing else is
    known; what they say counts where a line of the files decides.

    Comments that suppress are honoured; one that covers nothing is a finding itself, if all of its
    rules were asked.
    """
    chosen = tuple(lint_rules() if rules is None else rules)
    comments = tuple(suppressions(snapshot))
    kept: list[Finding] = []
    suppressed: list[Suppressed] = []
    used: set[tuple[Suppression, str]] = set()
    for finding in _findings(snapshot, policy, chosen):
        comment = covering(comments, finding.rule, finding.path, finding.line)
        if comment is None:
            kept.append(finding)
        else:
            used.add((comment, finding.rule))
            suppressed.append(Suppressed(finding, comment.reason))
    asked = {rule.id for rule in chosen}
    if UNUSED.id in asked:
        kept.extend(_unused(comments, used, asked))
    return Linted(
        tuple(sorted(kept, key=_order)),
        tuple(sorted(suppressed, key=lambda each: _order(each.finding))),
    )


def _findings(snapshot: Snapshot, policy: Policy, rules: Collection[Rule]) -> Iterator[Finding]:
    for rule in rules:
        if rule.files:
            yield from rule.check(snapshot, policy)
    about_values = [rule for rule in rules if not rule.files]
    if about_values:
        verdict = check(as_loaded(snapshot), policy, about_values)
        yield from (replace(it, column=it.column or 1) for it in verdict.single if it.line)


def _unused(
    comments: Iterable[Suppression],
    used: Collection[tuple[Suppression, str]],
    asked: Collection[str],
) -> Iterator[Finding]:
    known = registry()
    for comment in comments:
        if not comment.reason:
            continue
        for name in comment.rules:
            if name in asked and (comment, name) not in used and known[name].files:
                yield UNUSED.finding(
                    f"{name} finds nothing here: the comment hides the same mistake when it is "
                    "made again.",
                    at=comment.place,
                    wanted="no such comment",
                )
            elif name not in known:
                close = difflib.get_close_matches(name, known, n=1)
                yield UNUSED.finding(
                    f"There is no rule {name}.",
                    at=comment.place,
                    wanted=close[0] if close else "a rule that `tuner explain` lists",
                )


def _order(finding: Finding) -> tuple[str, int, int, int, str]:
    return (finding.path, finding.line, finding.column, -finding.severity, finding.rule)
