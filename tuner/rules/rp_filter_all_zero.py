"""net.ipv4.conf.all.rp_filter=0 is meant to switch the filter off and does not.

What it flags
    A line that sets conf.all.rp_filter to 0 while an interface has 1, live.

Why it is wrong
    The larger of conf.all and the interface's own value counts. 0 for all takes nothing away from
    an interface that has 1, so that packets go on being dropped where somebody believes the filter
    off.

Instead
    0 or 2 for each interface and for conf.default; 2 in conf.all overrides 1 everywhere.

Applies to
    Linux since 2.6.33; before, both had to be on.

Evidence
    linux IN_DEV_RPFILTER(): the maximum.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._hosts import few
from tuner.rules._rule import Rule
from tuner.rules._values import lines_for
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key
from tuner.sysctl.value import parse_value

_ALL = Key("net.ipv4.conf.all.rp_filter")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding where an interface keeps the filter on."""
    lines = lines_for(snapshot, _ALL)
    if (
        snapshot.number(_ALL) != 0
        or not lines
        or parse_value(lines[-1].effective or "").written != (0,)
    ):
        return
    one = parse_value("1")
    still = [
        name
        for name in snapshot.interfaces
        if snapshot.reading(Key(f"net.ipv4.conf.{name}.rp_filter")) == one
    ]
    if still:
        yield RULE.finding(
            f"0 for all leaves the strict filter on {few(still)}, where it is 1: the larger value "
            "counts.",
            key=_ALL,
            wanted="0 or 2 for these interfaces and conf.default",
            at=lines[-1],
        )


RULE = Rule(
    id="rp-filter-all-zero",
    kind=Kind.MYTH,
    severity=Severity.NOTE,
    confidence=Confidence.PROVEN,
    sources=("linux v6.18 include/linux/inetdevice.h IN_DEV_RPFILTER",),
    doc=__doc__,
    check=check,
)
