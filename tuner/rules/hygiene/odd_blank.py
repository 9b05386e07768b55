"""A setting holds a blank that is none.

What it flags
    A no-break space, an ideographic space or a character of no width in an assignment.

Why it is wrong
    Loaders strip blanks, tabs and nothing else. In or before a key the character makes a key that
    no kernel has, which is passed over in silence; in a value the kernel refuses it. It looks
    right on the screen: such characters come along from web pages and chats.

Instead
    Type the line anew.

Applies to
    Every loader. Comments may hold what they like.

Evidence
    Measured: U+00A0 before a key makes it unknown to every loader.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind, Place
from tuner.rules._rule import Rule
from tuner.rules.hygiene._spots import all_lines, files, holds
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.lines import LineKind, position

_ODD = re.compile(
    rb"\xc2\xa0|\xe1\x9a\x80|\xe2\x80[\x80-\x8f\xa8-\xaf]|\xe2\x81[\x9f-\xa0]|\xe3\x80\x80|\xef\xbb\xbf"
)
_BOM = b"\xef\xbb\xbf"
_PASSED_OVER = {LineKind.COMMENT, LineKind.BLANK}


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for every line with such a character outside a comment."""
    for entry in files(snapshot):
        if not holds(entry.content, _ODD):
            continue
        for line in all_lines(entry):
            if line.kind in _PASSED_OVER:
                continue
            match = _ODD.search(entry.content, line.offset, line.end)
            if match is None or (match.start() == 0 and match[0] == _BOM):
                continue  # a byte order mark has a rule of its own
            code = f"U+{ord(match[0].decode()):04X}"
            yield RULE.finding(
                f"{code} looks like a blank and is none: "
                + (
                    "the kernel refuses the value."
                    if line.value is not None and match.start() >= line.value_offset
                    else "no kernel has the key that it makes."
                ),
                at=Place(entry.path, *position(entry.content, match.start())),
                wanted="a blank",
            )


RULE = Rule(
    id="odd-blank",
    kind=Kind.HYGIENE,
    severity=Severity.ERROR,
    confidence=Confidence.PROVEN,
    sources=(
        "systemd v252 src/basic/string-util.h WHITESPACE",
        "linux v6.18 kernel/sysctl.c proc_skip_spaces",
    ),
    doc=__doc__,
    check=check,
    files=True,
)
