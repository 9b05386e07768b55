"""An interface with a dot in its name is spelled with dots all through.

What it flags
    `net.ipv4.conf.eth0.100.rp_filter`: more components than such a key has.

Why it is wrong
    systemd-sysctl and procps turn every dot into a slash and write to conf/eth0/100/rp_filter,
    which does not exist. They pass over it in silence: the VLAN keeps what it has.

Instead
    Slashes, which every loader reads right: `net/ipv4/conf/eth0.100/rp_filter`.

Applies to
    systemd-sysctl and procps of every version. busybox finds the right path by trying, if the
    interface exists at that time. TuneD's re-application reads the slashes wrong; where TuneD runs,
    put the setting into its profile.

Evidence
    Measured with systemd 247 to 262, procps 3.3.17 to 4.0.7, busybox 1.30 to 1.38.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._rule import Rule
from tuner.rules.hygiene._spots import spots
from tuner.snapshot.snapshot import Snapshot

_SUSPECT = re.compile(rb"\.(?:conf|neigh)\.[^\s=./]+\.[^\s=./]+\.")
_FAMILY = 3  # net.ipv4.conf
_PLAIN = 5


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for every such key."""
    for spot in spots(snapshot, _SUSPECT):
        parts = spot.key.split(".")
        if len(parts) <= _PLAIN or parts[2] not in {"conf", "neigh"} or "/" in spot.key:
            continue
        family, name = ".".join(parts[:_FAMILY]), parts[-1]
        interface = ".".join(parts[_FAMILY:-1])
        path = f"{family.replace('.', '/')}/{interface}/{name}"
        yield RULE.finding(
            f"Every dot becomes a slash, so the line is for an interface {parts[_FAMILY]} with a "
            f"folder {parts[_FAMILY + 1]}, which does not exist: {interface} keeps what it has.",
            at=spot.place(),
            wanted=f"{path} = {spot.value}",
        )


RULE = Rule(
    id="dotted-interface",
    kind=Kind.HYGIENE,
    severity=Severity.ERROR,
    confidence=Confidence.PROVEN,
    sources=(
        "systemd v252 src/basic/sysctl-util.c sysctl_normalize",
        "procps-ng 4.0.2 src/sysctl.c slashdot",
    ),
    doc=__doc__,
    check=check,
    files=True,
)
