"""A line sets what the kernel does anyway.

What it flags
    A value that is the kernel's default: of the host's kernel, or, where that is not known, of
    every release that has the key.

Why it is wrong
    It changes nothing today. When the default moves, as that of somaxconn, tcp_rmem and rmem_max
    did, the line keeps the old one, and nobody remembers why.

Instead
    No line; or a comment that says what the value is pinned for.

Applies to
    Keys whose default does not depend on the machine. A line has a purpose, and is not flagged,
    where it brings back what another file of the tree or somebody on the host has changed, where a
    comment stands above it, where the host's role has a word on the key, and for keys of
    interfaces, which distributions set by themselves.

Evidence
    The catalogue, whose defaults are compared with running kernels.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._rule import Rule
from tuner.rules.hygiene._spots import Spot, kernel_of, spots
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.catalog import Parameter
from tuner.sysctl.value import Value, parse_value
from tuner.sysctl.version import KernelVersion


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding for every line that repeats the default."""
    kernel = kernel_of(snapshot)
    found = [spot for spot in spots(snapshot) if spot.is_assignment]
    times: dict[str, int] = {}
    for spot in found:
        times[spot.key] = times.get(spot.key, 0) + 1
    for spot in found:
        parameter = spot.parameter
        if spot.key in policy.expectations:
            continue
        if parameter is None or times[spot.key] > 1 or _has_purpose(snapshot, spot, parameter):
            continue
        if _is_default(parameter, spot.value, kernel):
            since = "" if kernel is None else f" of Linux {kernel}"
            value = spot.value or "empty"
            yield RULE.finding(
                f"{value} is the kernel's default{since}: the line changes nothing.",
                key=spot.key,
                at=spot.place(),
                wanted="no such line",
            )


def _is_default(parameter: Parameter, value: str, kernel: KernelVersion | None) -> bool:
    if kernel is not None:
        default = parameter.default(kernel)
        return default is not None and default == parse_value(value)
    return bool(parameter.defaults) and all(
        default.value is not None and parse_value(default.value) == parse_value(value)
        for default in parameter.defaults
    )


def _has_purpose(snapshot: Snapshot, spot: Spot, parameter: Parameter) -> bool:
    """Tell whether the line may be there for a reason."""
    if "conf" in spot.key.split(".") or parameter.until is not None or parameter.never:
        return True
    live = snapshot.reading(spot.key)
    if isinstance(live, Value) and live != parse_value(spot.value):
        return True
    return spot.explained


RULE = Rule(
    id="pinned-default",
    kind=Kind.HYGIENE,
    severity=Severity.NOTE,
    confidence=Confidence.PROVEN,
    sources=(
        "the sources that the catalogue names for the key",
        "linux v6.18 Documentation/networking/ip-sysctl.rst",
    ),
    doc=__doc__,
    check=check,
    files=True,
)
