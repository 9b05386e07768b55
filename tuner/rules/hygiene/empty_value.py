"""A key is given nothing.

What it flags
    `key =` with nothing behind it.

Why it is wrong
    systemd-sysctl and procps 4 write an empty line: a list of ports is cleared, a number is
    refused. procps 3.3 and busybox pass over the line. Two loaders on one host therefore leave two
    results.

Instead
    A value; or no line.

Applies to
    Every loader. Clearing net.ipv4.ip_local_reserved_ports this way works under systemd-sysctl,
    and is a note.

Evidence
    Measured with systemd 247 to 262, procps 3.3.17 to 4.0.7, busybox 1.30 to 1.38.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._rule import Rule
from tuner.rules.hygiene._spots import spots
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.forms import NUMERIC

_SUSPECT = re.compile(rb"(?m)=[ \t]*\r?$")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for every assignment of nothing."""
    for spot in spots(snapshot, _SUSPECT):
        if not spot.is_assignment or spot.raw:
            continue
        parameter = spot.parameter
        number = parameter is None or parameter.type in NUMERIC
        yield RULE.finding(
            "systemd-sysctl and procps 4 write an empty line, which the kernel refuses; procps 3.3 "
            "and busybox pass over it."
            if number
            else "systemd-sysctl and procps 4 clear the list; procps 3.3 and busybox pass over the "
            "line.",
            at=spot.place(),
            wanted="a value",
            severity=None if number else Severity.NOTE,
        )


RULE = Rule(
    id="empty-value",
    kind=Kind.HYGIENE,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=(
        "systemd v252 src/sysctl/sysctl.c parse_file",
        "procps-ng 3.3.17 sysctl.c Preload",
    ),
    doc=__doc__,
    check=check,
    files=True,
)
