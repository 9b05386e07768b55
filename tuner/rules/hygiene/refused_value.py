"""The kernel refuses the value.

What it flags
    A value outside the range that the kernel enforces, or no number where it takes numbers: `10k`,
    `true`, `+22`, `65535#x`; a port range that ends before it begins or begins below the
    unprivileged ports; a high mark of fragment memory (ipfrag_high_thresh) below the low one that
    is in force when the line is written, as where the line of the lower low mark comes after it.

Why it is wrong
    The write fails with EINVAL. systemd-sysctl and procps 4 exit with 1 and go on, procps 3.3
    exits with 0 and goes on, busybox stops there and drops the rest of the file. The setting is
    not made.

Instead
    A value within the range that the finding names.

Applies to
    Keys whose range the catalogue knows; a range that later kernels enforce is taken as enforced
    where the kernel is not known.

Evidence
    The range of the handler in the kernel's source; on Linux 6.18 measured key by key.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._rule import Rule
from tuner.rules._values import outside
from tuner.rules.hygiene._spots import Spot, kernel_of, spots
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.catalog import Parameter, describe, latest_release
from tuner.sysctl.forms import NOT_ABOVE, NOT_BELOW, NUMERIC, PORT_RANGE, count
from tuner.sysctl.key import Key
from tuner.sysctl.value import parse_value
from tuner.sysctl.version import KernelVersion, parse_version

_UNPRIVILEGED = 1024
_LAST_PORT = 65535
_OWN_RULE = ('"', "'", "`")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for every value that the kernel is known to refuse."""
    kernel = kernel_of(snapshot)
    marks: dict[tuple[str, str], int] = {}  # file and key: the fragments' marks so far
    for spot in spots(snapshot):
        parameter = spot.parameter if spot.is_assignment else None
        if parameter is None or (parameter.type not in NUMERIC and spot.key != PORT_RANGE):
            continue
        said, wanted = _why(spot, parameter, kernel), _range(parameter)
        if not said and (said := _why_mark(spot, kernel, marks)):
            wanted = "the line of the other mark first"
        if said:
            yield RULE.finding(
                f"The kernel refuses {spot.value or 'an empty value'}: {said}. The line does "
                "nothing.",
                key=spot.key,
                at=spot.value_place,
                wanted=wanted,
            )


def _why(spot: Spot, parameter: Parameter, kernel: KernelVersion | None) -> str:
    """Return why the value is refused, empty where it is not or another rule says it."""
    value = spot.value
    if not value or value[0] in _OWN_RULE or value[-1] in _OWN_RULE or value.endswith("\\"):
        return ""
    given = parse_value(value).written
    if given is None:
        separated = count(spot.key) > 1 and any(mark in value for mark in ",;-")
        return "" if separated or not value.isascii() else "it is not a number"
    if spot.key == PORT_RANGE:
        return _why_ports(given, kernel)
    limits = parameter.range
    if limits is None or (
        kernel is not None and limits.since is not None and kernel < parse_version(limits.since)
    ):
        return ""
    wrong = next((number for number in given if outside(parameter, number)), None)
    if wrong is None:
        return ""
    low, high = limits.bounds()
    if low is not None and wrong < low:
        return f"{low} is the least it takes"
    return f"{high} is the most it takes"


def _why_mark(spot: Spot, kernel: KernelVersion | None, marks: dict[tuple[str, str], int]) -> str:
    """Return why a mark of fragments is refused: at no moment may the low one exceed the high.

    What other files set before is not looked at: each file is told to be right by itself.
    """
    other = NOT_ABOVE.get(spot.key) or NOT_BELOW.get(spot.key)
    given = parse_value(spot.value).written
    if other is None or not given:
        return ""
    parameter = describe(Key(other))
    default = parameter.default(kernel or latest_release()) if parameter is not None else None
    bound = marks.get((spot.path, other), default.int() if default is not None else None)
    above = spot.key in NOT_ABOVE
    if bound is not None and (given[0] > bound if above else given[0] < bound):
        return f"it is {'above' if above else 'below'} {other}, {bound} when this line is written"
    marks[spot.path, spot.key] = given[0]
    return ""


def _why_ports(given: tuple[int, ...], kernel: KernelVersion | None) -> str:
    if any(not 1 <= port <= _LAST_PORT for port in given):
        return f"a port lies between 1 and {_LAST_PORT}"
    if len(given) > 1 and given[1] < given[0]:
        return "the range ends before it begins"
    if given[0] < _UNPRIVILEGED and (kernel is None or kernel.at_least(4, 11)):
        return (
            f"since Linux 4.11 the range may not begin below ip_unprivileged_port_start, "
            f"{_UNPRIVILEGED} unless it was lowered"
        )
    return ""


def _range(parameter: Parameter) -> str:
    if parameter.key == PORT_RANGE:
        return f"two ports from {_UNPRIVILEGED} to {_LAST_PORT}, the lower first"
    if parameter.range is None:
        return "a number"
    low, high = parameter.range.bounds()
    if low is not None and high is not None:
        return f"a number from {low} to {high}"
    return f"a number of at least {low}" if low is not None else f"a number of at most {high}"


RULE = Rule(
    id="refused-value",
    kind=Kind.HYGIENE,
    severity=Severity.ERROR,
    confidence=Confidence.PROVEN,
    sources=(
        "linux v6.18 kernel/sysctl.c do_proc_dointvec_minmax_conv",
        "linux v6.18 net/ipv4/sysctl_net_ipv4.c",
    ),
    doc=__doc__,
    check=check,
    files=True,
)
