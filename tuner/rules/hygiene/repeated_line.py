"""A key is set again to the value that it has already.

What it flags
    A line whose key an earlier line sets to the same value, in this file or in one that is read
    before it: a note. A warning where a line between the two undoes the first (ip_forward resets
    accept_redirects).

Why it is wrong
    systemd-sysctl keeps the key at its first place in the order of writes and passes over the
    repetition; procps writes it again. Where something between the two changes the key, boot and
    `sysctl --system` end with different values.

Instead
    One line, at the later place.

Applies to
    systemd-sysctl from 232 on.

Evidence
    Measured: all.accept_redirects=0, ip_forward=0, all.accept_redirects=0 on a forwarding host
    leave 1 under systemd and 0 under procps.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._rule import Rule
from tuner.rules.hygiene._order import in_order, undone_by
from tuner.rules.hygiene._spots import Spot, spots
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key
from tuner.sysctl.value import parse_value


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for every repetition."""
    links = {entry.path for entry in snapshot.files or () if entry.target}
    first: dict[Key, Spot] = {}
    seen: list[Spot] = []
    for spot in in_order(spots(snapshot), snapshot):
        if spot.is_assignment and not spot.is_pattern:
            before = first.get(spot.key)
            if before is not None and parse_value(before.value) == parse_value(spot.value):
                linked = before.path != spot.path and {before.path, spot.path} & links
                if linked and before.content == spot.content:
                    continue  # the same line of the same file, by its other name
                between = undone_by(spot.key, before, seen)
                where = before.place()
                said = f"{where.path}:{where.line} sets {spot.key} to the same value already"
                yield RULE.finding(
                    f"{said}, and systemd-sysctl writes it there only: {between.key} in between "
                    "resets it, and this line does not set it again."
                    if between
                    else f"{said}.",
                    at=spot.place(),
                    wanted="one line" if between is None else "this line alone",
                    severity=Severity.WARNING if between else None,
                )
                continue
            first[spot.key] = spot
        seen.append(spot)


RULE = Rule(
    id="repeated-line",
    kind=Kind.HYGIENE,
    severity=Severity.NOTE,
    confidence=Confidence.PROVEN,
    sources=(
        "systemd v252 src/sysctl/sysctl.c parse_file",
        "linux v6.18 net/ipv4/devinet.c inet_forward_change",
    ),
    doc=__doc__,
    check=check,
    files=True,
)
