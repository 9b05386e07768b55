"""A line for an old kernel lowers the limit of shared memory.

What it flags
    A line that sets kernel.shmmax or kernel.shmall, on Linux 3.16 and later.

Why it is wrong
    Since 3.16 the kernel starts with no limit in practice, ULONG_MAX less 16 MiB. Values copied
    from guides of that time, such as 68719476736, were meant to raise 32 MiB; today they introduce
    a limit that a database may meet. They have nothing to do with the network.

Instead
    No such line.

Applies to
    Linux 3.16 and later, and limits below the host's memory; one above it is never met. kernel.sem,
    msgmax and others that travel with it are not judged.

Evidence
    linux include/uapi/linux/shm.h, SHMMAX and SHMALL.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._in_force import default_of
from tuner.rules._rule import Rule
from tuner.rules._sizes import in_words
from tuner.rules._values import lines_for
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key
from tuner.sysctl.value import parse_value

_KEYS = {"kernel.shmmax": "one segment", "kernel.shmall": "all segments together"}


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding for each of the two limits that a line introduces."""
    if not snapshot.kernel.at_least(3, 16):
        return
    for name, what in _KEYS.items():
        key = Key(name)
        lines = lines_for(snapshot, key)
        default = default_of(snapshot, key)
        given = parse_value(lines[-1].effective or "").written if lines else None
        limit = default.int() if default is not None else None
        if not given or limit is None or given[0] >= limit // 1024:
            continue
        if key in policy.expectations:
            continue
        unit = 1 if key.endswith("shmmax") else snapshot.system.page_size
        if snapshot.system.memory and given[0] * unit >= snapshot.system.memory:
            continue
        yield RULE.finding(
            f"Since Linux 3.16 there is no limit by default; the line limits {what} to "
            f"{in_words(given[0] * unit)}.",
            key=key,
            wanted="no such line",
            at=lines[-1],
        )


RULE = Rule(
    id="shared-memory-lowered",
    kind=Kind.MYTH,
    severity=Severity.NOTE,
    confidence=Confidence.PROVEN,
    sources=("linux v6.18 include/uapi/linux/shm.h SHMMAX",),
    doc=__doc__,
    check=check,
)
