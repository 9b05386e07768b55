"""A comment suppresses a finding that is not there.

What it flags
    `# tuner: ignore[rule-id] reason` above a line, or `ignore-file` in a file, about which that
    rule says nothing; and rules that do not exist.

Why it is wrong
    The line was mended, or the rule's name has a slip. The comment hides the same mistake when it
    is made again.

Instead
    Remove the comment.

Applies to
    Comments in settings files that `tuner lint` reads; of rules about values, which turn on kernel
    and role, only names that do not exist. `tuner audit` hears no comments, which a host's own
    administrator could write: there the inventory waives.

Evidence
    The findings about the line.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield nothing: what is unused shows when all other rules have judged (see ``lint``)."""
    yield from ()


RULE = Rule(
    id="unused-suppression",
    kind=Kind.HYGIENE,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=("the sources of the rules that a comment names",),
    doc=__doc__,
    check=check,
    files=True,
)
