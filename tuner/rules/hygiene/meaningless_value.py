"""The kernel takes a value that means nothing.

What it flags
    A number that the kernel accepts though nobody defined it: 2 for a switch (`ip_forward = 2`), a
    mode that does not exist (`tcp_syncookies = 3`), a negative time or count
    (`tcp_fin_timeout = -1`).

Why it is wrong
    Nothing complains, and the effect is whatever the code happens to make of it: mostly "not 0",
    sometimes the lowest time there is. The reader believes in a mode that does not exist.

Instead
    One of the defined values; the finding names them.

Applies to
    Keys that the catalogue knows. Negative numbers that do mean something (tcp_max_tw_buckets = -1
    is no limit at all) are left to the rules about those keys.

Evidence
    Measured on Linux 6.18: each is accepted; read back it is the same number.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._rule import Rule
from tuner.rules._values import outside
from tuner.rules.hygiene._spots import Spot, spots
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.catalog import Parameter
from tuner.sysctl.forms import NUMERIC
from tuner.sysctl.value import parse_value

_SWITCH = (0, 1)
_MEANT = frozenset({"net.ipv4.tcp_max_tw_buckets"})  # -1 is no limit; tw-buckets-huge judges it


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for every number that is accepted and not defined."""
    for spot in spots(snapshot):
        parameter = spot.parameter if spot.is_assignment else None
        if parameter is None or parameter.type not in NUMERIC:
            continue
        given = parse_value(spot.value).written
        if not given or any(outside(parameter, number) for number in given):
            continue
        said = _undefined(parameter, given)
        if said:
            yield RULE.finding(
                f"The kernel takes {spot.value} without a word, but {said}.",
                key=spot.key,
                at=spot.value_place,
                wanted=_defined(parameter, spot),
            )


def _undefined(parameter: Parameter, given: tuple[int, ...]) -> str:
    """Return what is wrong with the numbers, empty for nothing."""
    name = parameter.key.rpartition(".")[2]
    if parameter.type == "bool" and given[0] not in _SWITCH:
        return f"{name} is a switch: 0 or 1"
    if parameter.type == "enum" and parameter.values and str(given[0]) not in parameter.values:
        return f"{name} has no value {given[0]}"
    sensible = None if parameter.key in _MEANT else parameter.sensible
    if sensible is not None and sensible.min is not None and given[0] < 0 <= sensible.min:
        return f"{name} is no negative number"
    return ""


def _defined(parameter: Parameter, spot: Spot) -> str:
    if parameter.type == "bool":
        return f"{spot.spelled} = 0 or 1"
    if parameter.values:
        return "one of " + ", ".join(f"{value} ({it})" for value, it in parameter.values.items())
    return "a number above 0"


RULE = Rule(
    id="meaningless-value",
    kind=Kind.HYGIENE,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=(
        "linux v6.18 kernel/sysctl.c do_proc_dointvec",
        "linux v6.18 net/ipv4/sysctl_net_ipv4.c",
    ),
    doc=__doc__,
    check=check,
    files=True,
)
