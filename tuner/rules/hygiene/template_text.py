"""A file is a template, and nobody has filled it in.

What it flags
    The first line of a file with a template's mark outside comments: `{{ x }}`, `{% if %}`,
    `<%= x %>`, `${x}`.

Why it is wrong
    On a host such a line is written as it stands: the kernel refuses it, and systemd-sysctl fails
    on lines that are no assignment. In a repository it is right, and nobody can say what the lines
    will be: they are not judged.

Instead
    Lint what the template renders to.

Applies to
    Every loader.

Evidence
    The mark.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind, Place
from tuner.rules._rule import Rule
from tuner.rules.hygiene._spots import TEMPLATE, all_lines, files, holds
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.lines import LineKind, position

_PASSED_OVER = {LineKind.COMMENT, LineKind.BLANK}


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for the first such line of every file."""
    for entry in files(snapshot):
        if not holds(entry.content, TEMPLATE):
            continue
        for line in all_lines(entry):
            match = TEMPLATE.search(entry.content, line.offset, line.end)
            if match is not None and line.kind not in _PASSED_OVER:
                yield RULE.finding(
                    "This is a template: lines with such marks are not judged, and on a host they "
                    "are refused as they stand.",
                    at=Place(entry.path, *position(entry.content, match.start())),
                    wanted="what it renders to",
                )
                break


RULE = Rule(
    id="template-text",
    kind=Kind.HYGIENE,
    severity=Severity.NOTE,
    confidence=Confidence.LIKELY,
    sources=("sysctl.d(5)", "systemd v252 src/sysctl/sysctl.c parse_file"),
    doc=__doc__,
    check=check,
    files=True,
)
