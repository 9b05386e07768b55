"""A line sets a number that the kernel refuses.

What it flags
    A line that boot reads whose value is outside what the kernel takes on a write, so that the
    whole line changes nothing; in ip_local_port_range also a first port below
    ip_unprivileged_port_start, a range that runs backwards and a dash between the ports.

Why it is wrong
    The kernel answers EINVAL and keeps what it had. systemd-sysctl and sysctl say so once, in a log
    that nobody reads after the boot, and exit with 1; the file goes on promising the value.

Instead
    A value in the range that the finding names.

Applies to
    Keys whose range the catalogue knows, on kernels that enforce it. Since Linux 4.11
    ip_local_port_range may not begin below ip_unprivileged_port_start (1024 by default): "500
    65000" is refused there and was taken before.

Evidence
    The ranges in the kernel's tables. Measured on Linux 6.18: "1 65535" and "1024-65535" are
    refused, a single number is taken and changes the first port only.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.errors import Unreadable
from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._rule import Rule
from tuner.rules._values import PORT_RANGE, numbers, refused
from tuner.snapshot.snapshot import Missing, Snapshot
from tuner.sysctl.catalog import describe
from tuner.sysctl.key import Key
from tuner.sysctl.value import Value

_FIRST = Key("net.ipv4.ip_unprivileged_port_start")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for every line that decides its key and is refused."""
    if snapshot.boot is None:
        raise Unreadable("sysctl.d files")
    for key, decision in snapshot.boot.decisions.items():
        if snapshot.reading(key) is Missing.ABSENT:
            continue
        line = decision.setting
        why = (
            _port_range(snapshot, decision.value)
            if key == PORT_RANGE
            else _outside(snapshot, key, decision.value)
        )
        if why:
            shown = str(decision.value) or "nothing"
            yield RULE.finding(
                f"The kernel refuses {shown} here and keeps what it has: {why}.",
                key=key,
                wanted="a value that the kernel takes",
                at=line,
            )
    snapshot.require_boot()


def _outside(snapshot: Snapshot, key: Key, value: Value) -> str:
    parameter = describe(key)
    if parameter is None or not parameter.writable or not refused(key, value, snapshot.kernel):
        return ""
    given = numbers(value)
    if not given or parameter.range is None:
        return "it takes whole numbers"
    low, high = parameter.range.bounds()
    if low is None or high is None:
        return (
            f"it takes numbers from {low} up" if high is None else f"{high} is the largest it takes"
        )
    return f"it takes {low} to {high}"


def _port_range(snapshot: Snapshot, value: Value) -> str:
    given = numbers(value)
    if not given:
        return "it takes two ports with a blank between them"
    if any(not 1 <= port <= 65535 for port in given[:2]):  # noqa: PLR2004 - the last port
        return "ports are 1 to 65535"
    if len(given) > 1 and given[0] > given[1]:
        return "the first port is above the last"
    start = snapshot.reading(_FIRST)
    least = start.int() if isinstance(start, Value) else None
    if least is not None and given[0] < least:
        return (
            f"since Linux 4.11 the first port may not be below ip_unprivileged_port_start, {least}"
        )
    return ""


RULE = Rule(
    id="refused-value",
    kind=Kind.HYGIENE,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=(
        "linux v6.18 net/ipv4/sysctl_net_ipv4.c ipv4_local_port_range",
        "linux v6.18 kernel/sysctl.c proc_dointvec_minmax",
        "the sources that the catalogue names for the key",
    ),
    doc=__doc__,
    check=check,
)
