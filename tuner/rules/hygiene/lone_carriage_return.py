"""A line ends with a carriage return alone.

What it flags
    A carriage return that no line feed follows, outside comments.

Why it is wrong
    Loaders disagree on it. systemd-sysctl ends the line there; procps 4 and busybox keep it and
    all that follows in the value, which the kernel refuses; procps 3.3 drops the rest of the line.

Instead
    Line feeds, or carriage return and line feed, which every loader reads.

Applies to
    Every host on which somebody may run `sysctl -p` or `sysctl --system`.

Evidence
    Measured with systemd 247 to 262, procps 3.3.17 to 4.0.7, busybox 1.30 to 1.38.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind, Place
from tuner.rules._rule import Rule
from tuner.rules.hygiene._spots import files, holds
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.lines import position

_LONE = re.compile(rb"\r(?!\n|$)")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield one finding for the first of every file."""
    for entry in files(snapshot):
        match = _LONE.search(entry.content) if holds(entry.content, _LONE) else None
        if match:
            yield RULE.finding(
                "systemd-sysctl ends the line at this carriage return, procps 4 and busybox keep "
                "what follows in the value, procps 3.3 drops it.",
                at=Place(entry.path, *position(entry.content, match.start())),
                wanted="a line feed",
            )


RULE = Rule(
    id="lone-carriage-return",
    kind=Kind.HYGIENE,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=(
        "systemd v252 src/basic/fileio.c read_line_full",
        "procps-ng 4.0.2 src/sysctl.c Preload",
    ),
    doc=__doc__,
    check=check,
    files=True,
)
