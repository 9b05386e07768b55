"""A file begins with a byte order mark.

What it flags
    A UTF-8 byte order mark at the beginning, or a file in UTF-16.

Why it is wrong
    No loader knows the mark: it becomes part of the first key, which no kernel has. A first line
    that is a comment becomes a line that is no assignment. Of a file in UTF-16 no line is
    understood at all.

Instead
    Save it as UTF-8 without a byte order mark.

Applies to
    Every loader.

Evidence
    Measured with systemd 247 to 262, procps 3.3.17 to 4.0.7, busybox 1.30 to 1.38.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind, Place
from tuner.rules._rule import Rule
from tuner.rules.hygiene._spots import files
from tuner.snapshot.snapshot import Snapshot

_UTF8 = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for every file with a mark."""
    for entry in files(snapshot):
        if entry.content.startswith(_UTF8):
            said = "The byte order mark becomes part of the first line, which is lost."
        elif entry.content.startswith(_UTF16):
            said = "The file is UTF-16, of which no loader understands a line."
        else:
            continue
        yield RULE.finding(said, at=Place(entry.path, 1, 1), wanted="UTF-8 without a mark")


RULE = Rule(
    id="byte-order-mark",
    kind=Kind.HYGIENE,
    severity=Severity.ERROR,
    confidence=Confidence.PROVEN,
    sources=(
        "systemd v252 src/sysctl/sysctl.c parse_file",
        "procps-ng 4.0.2 src/sysctl.c Preload",
    ),
    doc=__doc__,
    check=check,
    files=True,
)
