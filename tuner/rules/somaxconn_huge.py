"""net.core.somaxconn is beyond what any queue can use.

What it flags
    More than 65535: a note; a warning up to Linux 3.19, where the number was kept in 16 bits and
    wrapped round.

Why it is wrong
    A queue of 65,535 connections that wait for accept() is seconds long already: clients at its end
    have given up. A larger number makes it no shorter. On old kernels 65536 became 0, and every
    listener held one connection; later ones up to 3.19 refuse the number.

Instead
    4096, the default since Linux 5.4, or as much as a program's listen() asks for and accept()
    drains in a second.

Applies to
    Every kernel. 65535 itself is not flagged: it is long, and does what it says.

Evidence
    linux sk_max_ack_backlog was an unsigned short up to 3.19 and is 32 bits wide from 4.1 on.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._in_force import in_force
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

KEY = Key("net.core.somaxconn")
_LARGEST = 65535


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where the number is above 65535."""
    found = in_force(snapshot, policy, KEY, lambda number: number > _LARGEST)
    if found is None:
        return
    wraps = not snapshot.kernel.at_least(4, 0)
    effect = (
        f"this kernel keeps 16 bits of it, which is {found.number & _LARGEST}"
        if wraps
        else "clients at the end of such a queue have long given up"
    )
    yield RULE.finding(
        f"{found.lead}{found.number:,} makes no queue faster: {effect}.",
        key=KEY,
        wanted=f"at most {_LARGEST}",
        severity=Severity.WARNING if wraps else Severity.NOTE,
        fix=Fix(str(_LARGEST), safe=True),
    )


RULE = Rule(
    id="somaxconn-huge",
    kind=Kind.MYTH,
    severity=Severity.NOTE,
    confidence=Confidence.PROVEN,
    sources=(
        "linux v6.18 net/socket.c __sys_listen_socket",
        "linux v3.19 include/net/sock.h sk_max_ack_backlog",
    ),
    doc=__doc__,
    check=check,
)
