"""A line is neither a comment nor an assignment.

What it flags
    A line without `=` that is no comment and no exclusion (prose, `//` for a comment, a key
    alone), and a line without a key before the `=`.

Why it is wrong
    systemd-sysctl reports it and exits with 1, so that systemd-sysctl.service has failed, though
    the other lines are applied. procps 4 complains and exits with 0. procps 3.3 takes it for a key
    whose value is whatever an earlier line left in its buffer.

Instead
    `# ` before it, or `key = value`.

Applies to
    Every loader. Shell commands have a rule of their own, pasted-command.

Evidence
    Measured with systemd 247 to 262, procps 3.3.17 to 4.0.7, busybox 1.30 to 1.38.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind, Place
from tuner.rules._rule import Rule
from tuner.rules.hygiene._spots import all_lines, files, is_template
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.lines import LineKind, position

_COMMAND = re.compile(
    rb"[ \t]*(?:sudo[ \t]+)?(?:/s?bin/|/usr/s?bin/)?(?:sysctl|echo|export|modprobe|sudo)[ \t]"
)
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for every line that is neither."""
    for entry in files(snapshot):
        if entry.content.startswith(_MARKS[1:]):
            continue  # byte-order-mark says it of the whole file
        for line in all_lines(entry):
            text = entry.content[line.offset : line.end]
            nameless = line.kind is LineKind.ASSIGNMENT and not line.key
            if (line.kind is not LineKind.NOT_UNDERSTOOD and not nameless) or _COMMAND.match(text):
                continue
            if is_template(text):
                continue
            if not line.offset and text.startswith(_MARKS[0]):
                continue
            yield RULE.finding(
                "There is no key before the =: the line sets nothing."
                if nameless
                else "This is no assignment: systemd-sysctl exits with 1 and its unit has failed; "
                "the other lines are applied.",
                at=Place(entry.path, *position(entry.content, line.offset)),
                wanted="key = value, or # before it",
            )


RULE = Rule(
    id="not-an-assignment",
    kind=Kind.HYGIENE,
    severity=Severity.ERROR,
    confidence=Confidence.PROVEN,
    sources=(
        "systemd v252 src/sysctl/sysctl.c parse_file",
        "procps-ng 3.3.17 sysctl.c Preload",
    ),
    doc=__doc__,
    check=check,
    files=True,
)
