"""A key is given more numbers than it has.

What it flags
    `tcp_fin_timeout = 30 60`, `ip_local_port_range = 1024 65000 1`.

Why it is wrong
    The kernel takes the first numbers, ignores the rest and reports success. Whoever wrote the
    line meant another key, or forgot a line break.

Instead
    As many numbers as the key has.

Applies to
    Keys whose count is known. Text after a `#` is a trailing comment, which has a rule of its own.

Evidence
    Measured on Linux 6.18 with every loader: the extra numbers change nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._rule import Rule
from tuner.rules.hygiene._spots import spots
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.forms import count
from tuner.sysctl.value import parse_value

_SUSPECT = re.compile(rb"=[ \t]*-?\d+[ \t]+-?\d")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for every value with more numbers than its key has."""
    for spot in spots(snapshot, _SUSPECT):
        known = count(spot.key)
        given = parse_value(spot.value).written if known and spot.is_assignment else None
        if not given or len(given) <= known:
            continue
        yield RULE.finding(
            f"{spot.key} has {'one number' if known == 1 else f'{known} numbers'}: the kernel "
            f"ignores {' '.join(map(str, given[known:]))}.",
            key=spot.key,
            at=spot.value_place,
            wanted=f"{spot.spelled} = {' '.join(map(str, given[:known]))}",
        )


RULE = Rule(
    id="too-many-numbers",
    kind=Kind.HYGIENE,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=("linux v6.18 kernel/sysctl.c do_proc_dointvec",),
    doc=__doc__,
    check=check,
    files=True,
)
