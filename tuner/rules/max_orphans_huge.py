"""tcp_max_orphans is so high that it protects nothing.

What it flags
    More than twice the kernel's default for this host, where that can be told, and more than
    262,144.

Why it is wrong
    The number reserves nothing: it is where the kernel stops to keep closed sockets that still have
    data to deliver. Each may pin up to 64 KiB that cannot be swapped, so that 3,276,800, a number
    from many files, allows more memory than the host has.

Instead
    No line: the default is half the established hash, 262,144 on large hosts.

Applies to
    Every kernel; containers do not show the key, which is one for the whole machine.

Evidence
    linux tcp_check_oom(), tcp_init(); ip-sysctl.rst on tcp_max_orphans (64 KiB each).
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._in_force import in_force
from tuner.rules._rule import Rule
from tuner.rules._sizes import ORPHAN_BYTES, default_tw_buckets, in_words, least_hash_entries
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

KEY = Key("net.ipv4.tcp_max_orphans")
_LARGEST_DEFAULT = 262144


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where the limit is far above the default."""
    memory = snapshot.system.memory
    default = default_tw_buckets(least_hash_entries(memory)) if memory else _LARGEST_DEFAULT
    found = in_force(
        snapshot, policy, KEY, lambda number: number > max(2 * default, _LARGEST_DEFAULT)
    )
    if found is None:
        return
    size = in_words(found.number * ORPHAN_BYTES)
    whole = f" of {in_words(memory)}" if memory else ""
    yield RULE.finding(
        f"{found.lead}{found.number:,} orphans may pin {size}{whole}; the number makes room for "
        "nothing and only removes the limit.",
        key=KEY,
        wanted=f"the kernel's default, {default if memory else _LARGEST_DEFAULT}",
        fix=Fix(str(default), safe=True),
    )


RULE = Rule(
    id="max-orphans-huge",
    kind=Kind.MYTH,
    severity=Severity.NOTE,
    confidence=Confidence.PROVEN,
    sources=(
        "linux v6.18 net/ipv4/tcp.c tcp_check_oom",
        "linux v6.18 Documentation/networking/ip-sysctl.rst tcp_max_orphans",
    ),
    doc=__doc__,
    check=check,
)
