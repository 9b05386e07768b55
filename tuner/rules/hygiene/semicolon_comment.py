"""A comment begins with a semicolon.

What it flags
    A comment line that begins with `;`: an error on a host with systemd 262 or later, a note on a
    host with an earlier one, a warning where the loader is not known.

Why it is wrong
    systemd-sysctl 262 takes only `#` for a comment. It says "Line is not an assignment" and exits
    with 1, so that the unit systemd-sysctl.service has failed from then on; a `; k = v` becomes a
    write to a key of that odd name.

Instead
    `#`, which every loader knows.

Applies to
    systemd 262. Earlier ones, procps and busybox take both.

Evidence
    Measured: 257.13 reads past it, 262.1 fails on it.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind, Place
from tuner.rules._rule import Rule
from tuner.rules.hygiene._spots import all_lines, files
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.lines import LineKind, position

_BREAKS = 262


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for the first such comment of every file."""
    severity = _severity(snapshot)
    for entry in files(snapshot):
        if b";" not in entry.content:
            continue
        for line in all_lines(entry):
            text = entry.content[line.offset : line.end].lstrip(b" \t")
            if line.kind is LineKind.COMMENT and text.startswith(b";"):
                yield RULE.finding(
                    "systemd-sysctl 262 and later take only # for a comment: it fails on this line "
                    "and exits with 1.",
                    at=Place(entry.path, *position(entry.content, line.end - len(text))),
                    wanted="a comment that begins with #",
                    severity=severity,
                )
                break


def _severity(snapshot: Snapshot) -> Severity | None:
    for loader in snapshot.system.loaders:
        major = loader.version.partition(".")[0]
        if loader.name == "systemd-sysctl" and major.isdecimal():
            return Severity.ERROR if int(major) >= _BREAKS else Severity.NOTE
    return None


RULE = Rule(
    id="semicolon-comment",
    kind=Kind.HYGIENE,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=(
        "systemd v262 src/sysctl/sysctl.c parse_file",
        "sysctl.d(5)",
    ),
    doc=__doc__,
    check=check,
    files=True,
)
