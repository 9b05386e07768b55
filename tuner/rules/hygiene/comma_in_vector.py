"""Numbers are separated by something else than blanks.

What it flags
    A comma between the numbers of a key that takes several (tcp_rmem, ip_local_port_range), or a
    dash between the two of a port range.

Why it is wrong
    The kernel separates numbers at blanks and tabs only and answers EINVAL: the setting is not
    made.

Instead
    Blanks: `net.ipv4.ip_local_port_range = 10000 65535`.

Applies to
    Every loader. net.ipv4.ip_local_reserved_ports and other lists of ports are written with commas
    and dashes, and are not flagged.

Evidence
    Measured on Linux 6.18: `1024,65000` and `1024-65000` are EINVAL.
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

_SUSPECT = re.compile(rb"\d[ \t]*(?:,|-|;)[ \t]*\d")
_SEPARATED = re.compile(r"\d+(?:\s*[,;-]\s*\d+)+|\d+(?:\s*[,;]?\s+\d+)*\s*[,;]\s*\d+")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for every vector with another separator."""
    for spot in spots(snapshot, _SUSPECT):
        if count(spot.key) > 1 and _SEPARATED.search(spot.value):
            numbers = " ".join(re.findall(r"\d+", spot.value))
            yield RULE.finding(
                "The kernel takes numbers separated by blanks only and refuses this: the line does "
                "nothing.",
                key=spot.key,
                at=spot.value_place,
                wanted=f"{spot.spelled} = {numbers}",
            )


RULE = Rule(
    id="comma-in-vector",
    kind=Kind.HYGIENE,
    severity=Severity.ERROR,
    confidence=Confidence.PROVEN,
    sources=("linux v6.18 kernel/sysctl.c proc_get_long",),
    doc=__doc__,
    check=check,
    files=True,
)
