"""tcp_max_orphans is a quarter of the kernel's default or less.

What it flags
    A quarter of the default that the kernel computes from memory, or less; an error where the host
    has that many orphans now, or has reset some for want of room.

Why it is wrong
    A closed socket that still has data to deliver is an orphan until the peer has it all. Above the
    limit the kernel resets such sockets instead, so that a client loses the end of its answer. The
    limit in effect is a half or a quarter of the number, because an orphan whose peer is silent
    counts twice or four times.

Instead
    No line: the default is half the established hash.

Applies to
    Every kernel; containers do not show the key, which is one for the whole machine.

Evidence
    linux tcp_check_oom(), tcp_out_of_resources(); TcpExt.TCPAbortOnMemory counts the resets.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._growth import events
from tuner.rules._in_force import in_force
from tuner.rules._rule import Rule
from tuner.rules._sizes import default_tw_buckets, least_hash_entries
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

KEY = Key("net.ipv4.tcp_max_orphans")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where the limit is far below the default."""
    memory = snapshot.system.memory
    if not memory:
        return
    default = default_tw_buckets(least_hash_entries(memory))
    found = in_force(snapshot, policy, KEY, lambda number: number <= default // 4)
    if found is None:
        return
    resets = events(snapshot, "TcpExt.TCPAbortOnMemory")
    orphans = events(snapshot, "sockstat.TCP.orphan")
    pain = found.live and (resets > 0 or orphans > found.number // 4)
    happened = f" It has {orphans:,} now, and {resets:,} resets since boot." if pain else ""
    yield RULE.finding(
        f"{found.lead}Above {found.number:,} orphans, or a quarter of that where peers are silent, "
        f"closing sockets are reset and clients lose the end of their answers.{happened}",
        key=KEY,
        wanted=f"the kernel's default, about {default}",
        severity=Severity.ERROR if pain else Severity.WARNING,
        fix=Fix(str(default), safe=True),
    )


RULE = Rule(
    id="max-orphans-low",
    kind=Kind.HAZARD,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=(
        "linux v6.18 net/ipv4/tcp.c tcp_check_oom",
        "linux v6.18 net/ipv4/tcp_timer.c tcp_out_of_resources",
    ),
    doc=__doc__,
    check=check,
)
