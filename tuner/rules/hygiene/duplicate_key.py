"""One file sets a key twice, to different values.

What it flags
    Two lines of one file for one key, spelled alike or not, with different values; and
    net.nf_conntrack_max besides net.netfilter.nf_conntrack_max, which are one variable.

Why it is wrong
    The later line counts, and whoever reads the first one believes that. Under systemd-sysctl it
    also moves the key to its later place in the order of writes.

Instead
    One of the two.

Applies to
    Every loader, within a file. Between files, see overridden-line.

Evidence
    Measured with systemd 247 to 262, procps 3.3.17 to 4.0.7, busybox 1.30 to 1.38.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._rule import Rule
from tuner.rules.hygiene._spots import Spot, spots
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key
from tuner.sysctl.value import parse_value

_ALIASES = {Key("net.nf_conntrack_max"): Key("net.netfilter.nf_conntrack_max")}


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for every line that a later one of its file overrides."""
    last: dict[tuple[str, Key], Spot] = {}
    for spot in spots(snapshot):
        if not spot.is_assignment:
            continue
        name = (spot.path, _ALIASES.get(spot.key, spot.key))
        earlier = last.get(name)
        last[name] = spot
        if earlier is None or parse_value(earlier.value) == parse_value(spot.value):
            continue
        yield RULE.finding(
            f"Line {spot.place().line} of this file sets {spot.key} to {spot.value}: this one "
            "does nothing.",
            at=earlier.place(),
            wanted="one line",
        )


RULE = Rule(
    id="duplicate-key",
    kind=Kind.HYGIENE,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=(
        "systemd v252 src/sysctl/sysctl.c parse_file",
        "linux v6.18 net/netfilter/nf_conntrack_standalone.c",
    ),
    doc=__doc__,
    check=check,
    files=True,
)
