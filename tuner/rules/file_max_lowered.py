"""A line limits how many files the whole host may have open.

What it flags
    A line that sets fs.file-max below 1,000,000 where systemd runs the host; an error where 80 % of
    the limit are open now.

Why it is wrong
    It limits the open files of all programs together, sockets included. systemd raises it to the
    highest number at boot, and the kernel's own default is a tenth of the memory in KiB: numbers
    such as 65535 or 655350, meant to raise it, lower it. When it is reached every program on the
    host fails with ENFILE at once. A TIME_WAIT entry is no open file.

Instead
    No such line. What limits one program is LimitNOFILE= of its unit.

Applies to
    Hosts that boot with systemd, which sets the number since v240; elsewhere a low number may be
    the kernel's own.

Evidence
    /proc/sys/fs/file-nr, which counts the open files; linux fs/file_table.c; systemd NEWS v240.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._in_force import in_force
from tuner.rules._rule import Rule
from tuner.rules._values import lines_for
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key
from tuner.sysctl.value import Value

KEY = Key("fs.file-max")
_OPEN = Key("fs.file-nr")
_PLENTY = 1_000_000


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where a line lowers the limit."""
    if snapshot.system.init not in {"systemd", ""} or not lines_for(snapshot, KEY):
        return
    found = in_force(snapshot, policy, KEY, lambda number: number < _PLENTY)
    if found is None:
        return
    reading = snapshot.reading(_OPEN)
    given = reading.ints() if isinstance(reading, Value) else None
    opened = given[0] if given else 0
    near = found.live and opened > found.number * 8 // 10
    now = f" {opened:,} are open now." if opened else ""
    yield RULE.finding(
        f"{found.lead}systemd sets no limit in practice, and the line lowers it to "
        f"{found.number:,} open files for all programs together.{now}",
        key=KEY,
        wanted="no such line",
        severity=Severity.ERROR if near else Severity.NOTE,
    )


RULE = Rule(
    id="file-max-lowered",
    kind=Kind.MYTH,
    severity=Severity.NOTE,
    confidence=Confidence.LIKELY,
    sources=(
        "linux v6.12 fs/file_table.c",
        "systemd NEWS v240",
    ),
    doc=__doc__,
    check=check,
)
