"""A line for conf.default is there, and none for existing interfaces.

What it flags
    A line for conf.default of a key, in files that have no line for the same key of `all`, of a
    pattern or of an interface.

Why it is wrong
    `default` is copied to an interface when it is created. Of those that exist when the file is
    read, IPv4's reach only those that never had an address and whose key nobody wrote; IPv6's
    reach none. Loaded on a running host, or at a boot where interfaces come early, the line
    changes nothing that carries traffic.

Instead
    `default` for interfaces to come, and besides it `net.ipv4.conf.*.KEY` or a line for each
    interface.

Applies to
    Keys of net.ipv4.conf and net.ipv6.conf. Silent on a host whose interfaces all show the value.

Evidence
    linux devinet.c devinet_copy_dflt_conf(), ipv4_devconf_setall(); measured on Linux 6.18.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._rule import Rule
from tuner.rules.hygiene._spots import spots
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key
from tuner.sysctl.value import Value, parse_value

_SUSPECT = re.compile(rb"conf[./]default[./]")
_DEFAULT = re.compile(r"(net\.ipv[46]\.conf\.)default(\.[a-z0-9_]+)")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for every default that stands alone."""
    found = list(spots(snapshot, _SUSPECT))
    if not found:
        return
    every = {spot.key for spot in spots(snapshot) if spot.is_assignment}
    for spot in found:
        match = _DEFAULT.fullmatch(spot.key) if spot.is_assignment else None
        if match is None or _has_others(match[1], match[2], every):
            continue
        if _reached(snapshot, match[1], match[2], spot.value):
            continue
        yield RULE.finding(
            "default reaches interfaces that are created later, and of the existing ones "
            + (
                "none."
                if match[1].startswith("net.ipv6")
                else "only those that never had an address."
            ),
            key=spot.key,
            at=spot.place(),
            wanted=f"{match[1]}*{match[2]} = {spot.value} besides",
        )


def _has_others(prefix: str, suffix: str, keys: set[Key]) -> bool:
    return any(
        key.startswith(prefix) and key.endswith(suffix) and key != f"{prefix}default{suffix}"
        for key in keys
    )


def _reached(snapshot: Snapshot, prefix: str, suffix: str, value: str) -> bool:
    """Tell whether every interface of the host shows the value."""
    own = [
        Key(key)
        for key in snapshot.live
        if key.startswith(prefix)
        and key.endswith(suffix)
        and key.removeprefix(prefix).removesuffix(suffix) not in {"all", "default", "lo"}
    ]
    wanted = parse_value(value)
    readings = [snapshot.reading(key) for key in own]
    return bool(readings) and all(
        isinstance(reading, Value) and reading == wanted for reading in readings
    )


RULE = Rule(
    id="default-without-interfaces",
    kind=Kind.HYGIENE,
    severity=Severity.NOTE,
    confidence=Confidence.PROVEN,
    sources=(
        "linux v6.18 net/ipv4/devinet.c devinet_copy_dflt_conf",
        "linux v6.18 net/ipv6/addrconf.c",
    ),
    doc=__doc__,
    check=check,
    files=True,
)
