"""A file lies among the settings and is not read.

What it flags
    A file of a sysctl.d folder whose name does not end in .conf, or begins with a dot; a .conf
    that is a folder or a link to nothing.

Why it is wrong
    Loaders take names that end in `.conf`, in small letters. A file whose name begins with a dot
    is passed over by systemd-sysctl at boot and applied by procps' `sysctl --system`. A folder or
    a dangling link of that name sets nothing, and hides a file of the same name in folders below.

Instead
    A name such as 50-ours.conf; remove what was left over.

Applies to
    /etc/sysctl.d, /run/sysctl.d, /usr/local/lib/sysctl.d, /usr/lib/sysctl.d. A README, and files
    that package managers put aside (.dpkg-dist, .rpmnew, ~), hold no settings that anybody
    expects, and are not flagged.

Evidence
    Measured with systemd 247 to 262 and procps 3.3.17 to 4.0.7.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind, Place
from tuner.rules._rule import Rule
from tuner.rules.hygiene._spots import all_lines
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.files import Entry
from tuner.sysctl.files import Kind as EntryKind
from tuner.sysctl.lines import LineKind
from tuner.sysctl.tree import DIRECTORIES

_ASIDE = ("~", ".bak", ".dpkg-dist", ".dpkg-old", ".dpkg-new", ".rpmnew", ".rpmsave", ".swp", ".md")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for every entry that sets nothing though it looks as if it did."""
    for entry in snapshot.files or ():
        if entry.path.rpartition("/")[0] not in DIRECTORIES:
            continue
        said = _why(entry)
        if said:
            yield RULE.finding(said, at=Place(entry.path, 1, 1), wanted="a name such as 50-x.conf")


def _why(entry: Entry) -> str:
    name = entry.name
    if not name.endswith(".conf"):
        if name.endswith(_ASIDE) or name.upper().startswith("README") or not _has_settings(entry):
            return ""
        return "Its name does not end in .conf: no loader reads it."
    if name.startswith("."):
        return (
            "Its name begins with a dot: boot passes over it under systemd, and `sysctl --system` "
            "applies it."
        )
    if entry.kind is EntryKind.DIRECTORY:
        return "It is a folder: it sets nothing, and hides files of that name in folders below."
    if entry.kind is EntryKind.DANGLING:
        return "It is a link to nothing: it sets nothing, and hides files of that name below."
    return ""


def _has_settings(entry: Entry) -> bool:
    return entry.kind is EntryKind.FILE and any(
        line.kind is LineKind.ASSIGNMENT for line in all_lines(entry)
    )


RULE = Rule(
    id="unread-file",
    kind=Kind.HYGIENE,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=(
        "systemd v252 src/basic/conf-files.c",
        "procps-ng 4.0.2 src/sysctl.c PreloadSystem",
    ),
    doc=__doc__,
    check=check,
    files=True,
)
