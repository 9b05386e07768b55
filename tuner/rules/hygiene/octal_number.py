"""A number begins with a zero and is read as octal.

What it flags
    `010`, which the kernel reads as 8.

Why it is wrong
    The kernel reads a leading zero as octal and 0x as hexadecimal. Zeros that somebody wrote to
    line numbers up change them.

Instead
    The number without the zero.

Applies to
    Keys that take numbers. A hexadecimal number is written on purpose and not flagged.

Evidence
    Measured on Linux 6.18: 026 sets 22, 0100 sets 64.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._rule import Rule
from tuner.rules.hygiene._spots import spots
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.forms import NUMERIC, PORT_RANGE
from tuner.sysctl.value import parse_value

_SUSPECT = re.compile(rb"[= \t]-?0[0-7]")
_OCTAL = re.compile(r"-?0[0-7]+")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for every octal number."""
    for spot in spots(snapshot, _SUSPECT):
        parameter = spot.parameter if spot.is_assignment else None
        if parameter is None or (parameter.type not in NUMERIC and spot.key != PORT_RANGE):
            continue
        value = parse_value(spot.value)
        read = value.written
        octal = next((token for token in value.tokens if _OCTAL.fullmatch(token)), None)
        if octal is None or read is None:
            continue
        yield RULE.finding(
            f"The kernel reads {octal} as octal: it sets {' '.join(map(str, read))}.",
            key=spot.key,
            at=spot.value_place,
            wanted=f"{octal.lstrip('-0') or '0'} or {int(octal, 8)}",
        )


RULE = Rule(
    id="octal-number",
    kind=Kind.HYGIENE,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=("linux v6.18 kernel/sysctl.c proc_get_long",),
    doc=__doc__,
    check=check,
    files=True,
)
