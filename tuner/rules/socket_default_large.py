"""Every UDP and unix socket begins with a buffer of megabytes.

What it flags
    net.core.rmem_default or wmem_default above 1 MiB.

Why it is wrong
    They are the initial buffers of sockets that are not TCP: UDP, raw and unix ones. TCP takes the
    middle numbers of tcp_rmem and tcp_wmem. At 8 MiB a resolver or a syslog socket that nobody
    reads fast enough holds 8 MiB, and queues that much stale data before it drops.

Instead
    212992, the default. A program that needs more for its UDP socket asks with SO_RCVBUF.

Applies to
    Every kernel.

Evidence
    linux sock_init_data_uid(), tcp_init_sock().
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._in_force import in_force
from tuner.rules._rule import Rule
from tuner.rules._sizes import in_words
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

_KEYS = ("net.core.rmem_default", "net.core.wmem_default")
_LARGE = 1 << 20
_DEFAULT = "212992"


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding for each default above 1 MiB."""
    for name in _KEYS:
        found = in_force(snapshot, policy, Key(name), lambda number: number > _LARGE)
        if found is not None:
            yield RULE.finding(
                f"{found.lead}Every UDP and unix socket may hold {in_words(found.number)} that "
                "nobody has read yet; TCP does not use it.",
                key=Key(name),
                wanted=f"{_DEFAULT}, the kernel's default",
                fix=Fix(_DEFAULT, safe=True),
            )


RULE = Rule(
    id="socket-default-large",
    kind=Kind.HAZARD,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=(
        "linux v6.18 net/core/sock.c sock_init_data_uid",
        "linux v6.18 net/ipv4/tcp.c tcp_init_sock",
    ),
    doc=__doc__,
    check=check,
)
