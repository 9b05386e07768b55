"""A key has a dash before it.

What it flags
    `-key` without a value (an exclusion) and `-key = value` (failures are ignored), where a loader
    of the host does not know them: a warning. Where the loaders are not known, a note. A blank
    after the dash: a warning anywhere.

Why it is wrong
    The dash means three things. systemd-sysctl knows `-key = value` from 243 and `-key` from 245
    on, where it cancels an assignment of any other file; procps 4 knows it and cancels nothing
    but patterns; procps 3.3 writes "=" to the key and complains; busybox and TuneD take the dash
    for part of the name. After a dash and a blank procps looks for a key that begins with a blank.

Instead
    An assignment; or nothing, where every loader of the host is new enough.

Applies to
    Files for hosts with systemd below 245, procps below 4 or busybox.

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
from tuner.rules.hygiene._spots import Spot, spots
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.lines import LineKind

_SUSPECT = re.compile(rb"(?m)^[ \t]*-")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for every key with a dash."""
    for spot in spots(snapshot, _SUSPECT):
        if not spot.line.dash:
            continue
        if _has_blank(spot):
            yield RULE.finding(
                "After a dash and a blank procps looks for a key that begins with a blank, and "
                "finds none.",
                at=spot.place(),
                wanted=f"-{spot.spelled}",
                severity=Severity.WARNING,
            )
            continue
        exclusion = spot.line.kind is LineKind.EXCLUSION
        which = lacking(snapshot, systemd=(245,) if exclusion else (243,), procps=(4, 0))
        if which == "":
            continue
        effect = (
            "procps 3.3 writes = to the key, busybox does not know the line, and systemd-sysctl "
            "alone cancels other files' assignments by it"
            if exclusion
            else "busybox and systemd-sysctl before 243 take the dash for part of the key"
        )
        yield RULE.finding(
            f"Loaders disagree on the dash: {effect}.",
            at=spot.place(),
            wanted="no such line" if exclusion else f"{spot.spelled} = {spot.value}",
            severity=Severity.WARNING if which else None,
        )


def _has_blank(spot: Spot) -> bool:
    return spot.content[spot.line.key_offset - 1 : spot.line.key_offset] != b"-"


RULE = Rule(
    id="dash-before-key",
    kind=Kind.HYGIENE,
    severity=Severity.NOTE,
    confidence=Confidence.PROVEN,
    sources=(
        "systemd v245 NEWS",
        "procps-ng 3.3.17 sysctl.c Preload",
        "procps-ng 4.0.2 src/sysctl.c parse_setting_line",
    ),
    doc=__doc__,
    check=check,
    files=True,
)
