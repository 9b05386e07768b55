"""A value is in quotes.

What it flags
    A value that begins with a quote, or ends with one.

Why it is wrong
    Quotes are a shell's, and no loader is a shell: they are written to the kernel, which answers
    EINVAL, or ENOENT for a key that takes a word. The setting is not made.

Instead
    The value as it is: `net.ipv4.tcp_rmem = 4096 131072 6291456`.

Applies to
    Every loader. busybox stops at the error and drops the rest of the file.

Evidence
    Measured with systemd 247 to 262, procps 3.3.17 to 4.0.7 and busybox 1.30 to 1.38.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._rule import Rule
from tuner.rules.hygiene._spots import spots
from tuner.snapshot.snapshot import Snapshot

_SUSPECT = re.compile(rb"""=[ \t]*["']|["'][ \t]*\r?$""", re.MULTILINE)
_QUOTES = "\"'`"


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for every quoted value."""
    for spot in spots(snapshot, _SUSPECT):
        value = spot.value
        if not value or (value[0] not in _QUOTES and value[-1] not in _QUOTES):
            continue
        yield RULE.finding(
            "The quotes are written to the kernel, which refuses the value: the line does nothing.",
            at=spot.value_place,
            wanted=f"{spot.spelled} = {value.strip(_QUOTES)}",
        )


RULE = Rule(
    id="quoted-value",
    kind=Kind.HYGIENE,
    severity=Severity.ERROR,
    confidence=Confidence.PROVEN,
    sources=(
        "linux v6.18 kernel/sysctl.c proc_get_long",
        "sysctl.d(5)",
    ),
    doc=__doc__,
    check=check,
    files=True,
)
