"""A later file sets the key to something else.

What it flags
    An assignment that a file which is read later overrides with another value, or a file that
    another one of the same name hides whole.

Why it is wrong
    It does nothing, and whoever reads it believes that it does. Files are read in the order of
    their names, whatever folder they are in; of two with one name the one in /etc counts.

Instead
    Remove the line; or give its file a name that sorts later.

Applies to
    Trees of files. Overriding a vendor's file (/usr/lib, /usr/local/lib, /lib) from /etc is what
    these folders are for, and is not flagged.

Evidence
    sysctl.d(5); measured with systemd 247 to 262.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._rule import Rule
from tuner.rules.hygiene._order import in_order
from tuner.rules.hygiene._spots import Spot, spots
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key
from tuner.sysctl.value import parse_value

_OURS = ("/etc/", "/run/")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for every line of /etc or /run that a later file overrides."""
    last: dict[Key, Spot] = {}
    lost: list[tuple[Spot, Spot]] = []
    for spot in in_order(spots(snapshot), snapshot):
        if not spot.is_assignment or spot.is_pattern:
            continue
        earlier = last.get(spot.key)
        last[spot.key] = spot
        if (
            earlier is not None
            and earlier.path != spot.path
            and earlier.path.startswith(_OURS)
            and parse_value(earlier.value) != parse_value(spot.value)
        ):
            lost.append((earlier, spot))
    for earlier, later in lost:
        where = later.place()
        yield RULE.finding(
            f"{where.path}:{where.line} sets {later.key} to {later.value} after it: this line does "
            "nothing.",
            key=earlier.key,
            at=earlier.place(),
            wanted="one of the two",
        )


RULE = Rule(
    id="overridden-line",
    kind=Kind.HYGIENE,
    severity=Severity.NOTE,
    confidence=Confidence.PROVEN,
    sources=(
        "sysctl.d(5)",
        "systemd v252 src/basic/conf-files.c",
    ),
    doc=__doc__,
    check=check,
    files=True,
)
