"""A key is a pattern.

What it flags
    `*`, `?` or `[` in a key, where a loader of the host does not know patterns: a warning. Where
    the loaders are not known, a note about the first one of a file.

Why it is wrong
    systemd-sysctl knows patterns from 245 on, procps from 4.0.0. Earlier ones, busybox and TuneD
    take the key as it stands, find nothing by that name and pass over the line: a setting that
    holds after a boot is not made by `sysctl --system`, or never.

Instead
    One line for each interface, besides `default` for those to come; or nothing, where every
    loader of the host is new enough.

Applies to
    Files for hosts with systemd below 245, procps below 4 (Debian 11, Ubuntu 22.04, RHEL 9), or
    busybox.

Evidence
    Measured with systemd 247 to 262, procps 3.3.17 to 4.0.7, busybox 1.30 to 1.38.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._rule import Rule
from tuner.rules.hygiene._loaders import lacking
from tuner.rules.hygiene._spots import spots
from tuner.snapshot.snapshot import Snapshot

_SUSPECT = re.compile(rb"(?m)^[^=#;\n]*[*?\[]")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for every key that is a pattern."""
    which = lacking(snapshot, systemd=(245,), procps=(4, 0))
    if which == "":
        return
    told: set[str] = set()
    for spot in spots(snapshot, _SUSPECT):
        if spot.is_pattern and (which or spot.path not in told):
            told.add(spot.path)
            yield RULE.finding(
                f"{which} takes {spot.spelled} for a key of that very name and passes over the "
                "line."
                if which
                else "systemd-sysctl before 245, procps before 4.0.0 and busybox take this for a "
                "key of that very name and pass over the line.",
                at=spot.place(),
                wanted="a line for each interface",
                severity=Severity.WARNING if which else None,
            )


RULE = Rule(
    id="pattern-in-key",
    kind=Kind.HYGIENE,
    severity=Severity.NOTE,
    confidence=Confidence.PROVEN,
    sources=(
        "systemd v245 NEWS",
        "procps-ng 4.0.0 NEWS",
        "sysctl.d(5)",
    ),
    doc=__doc__,
    check=check,
    files=True,
)
