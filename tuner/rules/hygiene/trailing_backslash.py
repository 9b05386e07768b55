r"""A line ends with a backslash.

What it flags
    A backslash at the end of an assignment.

Why it is wrong
    systemd-sysctl and procps know no continuation: the backslash is part of the value, which the
    kernel refuses, and the next line is a line of its own. busybox alone joins the two, so that
    two settings become one wrong value and the second is lost.

Instead
    One line for one setting, however long.

Applies to
    Every loader.

Evidence
    Measured: under busybox `a = 22 \` and `b = 100` write "22 b = 100" to a.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._rule import Rule
from tuner.rules.hygiene._spots import spots
from tuner.snapshot.snapshot import Snapshot

_SUSPECT = re.compile(rb"\\[ \t]*\r?(?:\n|$)")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for every assignment that ends with a backslash."""
    for spot in spots(snapshot, _SUSPECT):
        if spot.is_assignment and spot.raw.endswith(b"\\"):
            value = spot.value.rstrip("\\ \t")
            yield RULE.finding(
                "The backslash is part of the value, which the kernel refuses; busybox joins the "
                "next line to it instead.",
                at=spot.place(spot.line.value_offset + len(spot.raw) - 1),
                wanted=f"{spot.spelled} = {value}",
            )


RULE = Rule(
    id="trailing-backslash",
    kind=Kind.HYGIENE,
    severity=Severity.ERROR,
    confidence=Confidence.PROVEN,
    sources=(
        "busybox 1.35 libbb/parse_config.c get_line_with_continuation",
        "systemd v252 src/sysctl/sysctl.c parse_file",
    ),
    doc=__doc__,
    check=check,
    files=True,
)
