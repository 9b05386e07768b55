"""A line is so long that systemd-sysctl stops reading.

What it flags
    A line of one MiB or more.

Why it is wrong
    systemd-sysctl gives up on the file there: the lines before it are applied, those after it are
    not, and it exits with 1.

Instead
    Look at what wrote the file: no setting is that long.

Applies to
    systemd-sysctl. procps and busybox read on.

Evidence
    Measured with systemd 247 to 262.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind, Place
from tuner.rules._rule import Rule
from tuner.rules.hygiene._spots import files
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.lines import LONGEST_LINE, SYSTEMD, position, read_lines


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for the first such line of a file."""
    for entry in files(snapshot):
        if len(entry.content) < LONGEST_LINE:
            continue
        cut = read_lines(entry.content, SYSTEMD).cut
        if cut >= 0:
            yield RULE.finding(
                "This line has a MiB or more: systemd-sysctl reads nothing of the file from here "
                "on.",
                at=Place(entry.path, *position(entry.content, cut)),
                wanted="a line of less than a MiB",
            )


RULE = Rule(
    id="endless-line",
    kind=Kind.HYGIENE,
    severity=Severity.ERROR,
    confidence=Confidence.PROVEN,
    sources=("systemd v252 src/basic/fileio.h LONG_LINE_MAX",),
    doc=__doc__,
    check=check,
    files=True,
)
