"""tcp_max_tw_buckets is so high that it limits nothing.

What it flags
    2,000,000 or more, as a note; a negative number, which means no limit at all, as a warning.

Why it is wrong
    The key makes room for nothing: entries are allocated one by one, and the number is only where
    that ends. The limit is there for the day when somebody opens and closes connections faster than
    60 s can forget them; two million entries are half a gigabyte of memory that cannot be swapped,
    in a hash whose chains grow with them.

Instead
    The default, 262,144 on large hosts. Raise it when TCPTimeWaitOverflow grows, to about one and a
    half times the rate of closes times 60 s.

Applies to
    Every kernel. A high number below two million is not flagged: it is a ceiling that is never
    reached, and costs nothing.

Evidence
    linux inet_twsk_alloc(): the count is compared with the limit as it stands. Measured on Linux
    6.18: -1 is accepted and nothing is ever refused; an entry is 256 bytes of slab.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._rule import Rule
from tuner.rules._sizes import TIME_WAIT_BYTES, default_tw_buckets, least_hash_entries
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

KEY = Key("net.ipv4.tcp_max_tw_buckets")
_HUGE = 2_000_000
_LARGEST_DEFAULT = 262144


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding where the limit is negative or two million and more."""
    limit = snapshot.number(KEY)
    if limit is None or 0 <= limit < _HUGE:
        return
    if limit < 0:
        message = f"{limit} removes the limit: TIME_WAIT entries may take all of the memory."
        severity = Severity.WARNING
    else:
        size = limit * TIME_WAIT_BYTES >> 20
        message = (
            f"{limit:,} entries would be {size:,} MiB; the number reserves nothing and only "
            "removes the protection."
        )
        severity = Severity.NOTE
    memory = snapshot.system.memory
    default = default_tw_buckets(least_hash_entries(memory)) if memory else _LARGEST_DEFAULT
    yield RULE.finding(
        message,
        key=KEY,
        wanted=f"the kernel's default, {_LARGEST_DEFAULT} on large hosts",
        severity=severity,
        fix=Fix(str(default), safe=True),
    )


RULE = Rule(
    id="tw-buckets-huge",
    kind=Kind.MYTH,
    severity=Severity.NOTE,
    confidence=Confidence.PROVEN,
    sources=(
        "linux v6.18 net/ipv4/inet_timewait_sock.c inet_twsk_alloc",
        "linux v6.18 Documentation/networking/ip-sysctl.rst tcp_max_tw_buckets",
    ),
    doc=__doc__,
    check=check,
)
