"""A shell command stands in a settings file.

What it flags
    A line that begins with `sysctl`, `sudo`, `echo` or `export`.

Why it is wrong
    Settings files are read, not run. `sysctl -w net.core.somaxconn=4096` becomes a write to a key
    called "sysctl -w net/core/somaxconn", which no kernel has and most loaders pass over in
    silence; `echo 1 > /proc/sys/...` is no assignment at all, and systemd-sysctl fails on it.

Instead
    The assignment alone: `net.core.somaxconn = 4096`.

Applies to
    Every loader.

Evidence
    Measured: unknown keys are ignored by systemd-sysctl and by `sysctl --system`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind, Place
from tuner.rules._rule import Rule
from tuner.rules.hygiene._spots import all_lines, files, holds, shown
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.lines import LineKind, position

_COMMAND = re.compile(
    rb"[ \t]*(?:sudo[ \t]+)?(?:/s?bin/|/usr/s?bin/)?(sysctl|echo|export|modprobe)[ \t]"
)
_SUSPECT = re.compile(rb"(?m)^" + _COMMAND.pattern + rb"|(?m:^)[ \t]*sudo[ \t]")
_ASSIGNED = re.compile(rb"((?:net|vm|kernel|fs)[./][^\s=]+)[ \t]*=[ \t]*[\"']?([^\"'\n\r]+)")
_PASTED = {LineKind.ASSIGNMENT, LineKind.NOT_UNDERSTOOD}


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for every line that is a command."""
    for entry in files(snapshot):
        if not holds(entry.content, _SUSPECT):
            continue
        for line in all_lines(entry):
            text = entry.content[line.offset : line.end]
            if line.kind not in _PASTED or not _COMMAND.match(text):
                continue
            meant = _ASSIGNED.search(text)
            yield RULE.finding(
                "This is a shell command, and a settings file is not run: the line sets nothing.",
                at=Place(entry.path, *position(entry.content, line.offset)),
                wanted=f"{shown(meant[1])} = {shown(meant[2]).strip()}"
                if meant
                else "no such line",
            )


RULE = Rule(
    id="pasted-command",
    kind=Kind.HYGIENE,
    severity=Severity.ERROR,
    confidence=Confidence.PROVEN,
    sources=(
        "sysctl.d(5)",
        "procps-ng 4.0.2 src/sysctl.c parse_setting_line",
    ),
    doc=__doc__,
    check=check,
    files=True,
)
