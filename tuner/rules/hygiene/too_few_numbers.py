"""A key that takes several numbers is given fewer.

What it flags
    Fewer numbers than the key has: `ip_local_port_range = 40000`, `tcp_rmem = 4096 87380`.

Why it is wrong
    The kernel changes the first numbers only, keeps the others as they happen to be, and reports
    success. What the host has then turns on what it had before.

Instead
    All of the numbers.

Applies to
    Every loader and kernel.

Evidence
    Measured on Linux 6.18: a single number changes the lower end of ip_local_port_range.
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

_SUSPECT = re.compile(rb"range|[rw]mem|_mem|kernel[./]sem")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for every vector with fewer numbers than its key has."""
    for spot in spots(snapshot, _SUSPECT):
        wanted = count(spot.key)
        given = parse_value(spot.value).written if wanted > 1 and spot.is_assignment else None
        if not given or len(given) >= wanted:
            continue
        yield RULE.finding(
            f"{spot.key} has {wanted} numbers, and this line changes the first "
            f"{'one' if len(given) == 1 else len(given)} only; the others stay as they happen to "
            "be.",
            key=spot.key,
            at=spot.value_place,
            wanted=f"{wanted} numbers",
        )


RULE = Rule(
    id="too-few-numbers",
    kind=Kind.HYGIENE,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=(
        "linux v6.18 kernel/sysctl.c do_proc_dointvec",
        "linux v6.18 net/ipv4/sysctl_net_ipv4.c ipv4_local_port_range",
    ),
    doc=__doc__,
    check=check,
    files=True,
)
