"""A comment suppresses a finding and does not say why.

What it flags
    `# tuner: ignore[rule-id]` without a reason behind it, or without a rule in brackets.

Why it is wrong
    The next reader cannot tell a decision from a way to get rid of a message. Without a reason the
    comment suppresses nothing.

Instead
    `# tuner: ignore[pinned-default] the vendor's support asks for it, ticket 4711`.

Applies to
    Comments in settings files. Findings about hosts are waived in the inventory, by tuner_waivers.

Evidence
    The comment.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._rule import Rule
from tuner.rules.hygiene._suppress import suppressions
from tuner.snapshot.snapshot import Snapshot


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for every comment that lacks its rules or its reason."""
    for each in suppressions(snapshot):
        if each.rules and each.reason:
            continue
        lacking = "a reason" if each.rules else "the rule in brackets"
        yield RULE.finding(
            f"The comment lacks {lacking}, so it suppresses nothing.",
            at=each.place,
            wanted="# tuner: ignore[RULE] reason",
        )


RULE = Rule(
    id="unreasoned-suppression",
    kind=Kind.HYGIENE,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=("the sources of the rules that a comment names",),
    doc=__doc__,
    check=check,
    files=True,
)
