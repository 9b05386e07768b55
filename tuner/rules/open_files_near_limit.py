"""The host is near the number of files it may have open.

What it flags
    Open files at 80 % of fs.file-max or more: a warning; at 95 % an error.

Why it is wrong
    At the limit open(), accept() and socket() of every program but root's fail with ENFILE at once.
    Sockets are files; TIME_WAIT entries are none.

Instead
    Find who holds them (ls /proc/*/fd); then a higher fs.file-max.

Applies to
    Hosts that show fs.file-nr. One limit for the whole machine, containers included.

Evidence
    /proc/sys/fs/file-nr; linux alloc_empty_file().
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key
from tuner.sysctl.value import Value

KEY = Key("fs.file-max")
_OPEN = Key("fs.file-nr")
_WARN, _NEAR = 80, 95  # per cent


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding where few files are left."""
    reading, shown = snapshot.reading(_OPEN), snapshot.reading(KEY)
    given = reading.ints() if isinstance(reading, Value) else None
    limit = shown.int() if isinstance(shown, Value) else None
    if not given or not limit:
        return
    share = 100 * given[0] // limit
    if share >= _WARN:
        yield RULE.finding(
            f"{given[0]:,} of {limit:,} files are open, {share} %: at 100 % every program's "
            "open() and accept() fails.",
            key=KEY,
            wanted="fewer open files, or a higher limit",
            severity=Severity.ERROR if share >= _NEAR else Severity.WARNING,
            fix=Fix(str(2 * limit), safe=True),
        )


RULE = Rule(
    id="open-files-near-limit",
    kind=Kind.PRESSURE,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=("linux v6.12 fs/file_table.c alloc_empty_file",),
    doc=__doc__,
    check=check,
)
