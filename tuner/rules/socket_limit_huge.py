"""A limit of socket memory is raised far beyond what anything uses of it.

What it flags
    net.core.rmem_max or wmem_max above 64 MiB, or optmem_max above 1 MiB: a note; from 512 MiB on a
    warning.

Why it is wrong
    They limit what a program may ask for with SO_RCVBUF and SO_SNDBUF, for any protocol. TCP that
    sizes its buffers by itself goes by tcp_rmem and tcp_wmem and never looks here, but for one
    thing: a large rmem_max makes every connection announce a larger window scale. What remains is
    that any program may pin that much memory.

Instead
    What the largest program asks for, a few MiB; for faster TCP the last numbers of tcp_rmem and
    tcp_wmem.

Applies to
    Every kernel. Up to 64 MiB nothing is said.

Evidence
    linux sk_setsockopt(), tcp_select_initial_window().
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._in_force import default_of, in_force
from tuner.rules._rule import Rule
from tuner.rules._sizes import in_words
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

_TRIPLES = {"net.core.rmem_max": "tcp_rmem", "net.core.wmem_max": "tcp_wmem"}
_OPTIONS = Key("net.core.optmem_max")
_LARGE, _HUGE, _MANY_OPTIONS = 64 << 20, 512 << 20, 1 << 20
_DEFAULT = 4 << 20


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding for each limit that is far beyond its use."""
    for name, triple in _TRIPLES.items():
        key = Key(name)
        found = in_force(snapshot, policy, key, lambda number: number > _LARGE)
        if found is None:
            continue
        yield RULE.finding(
            f"{found.lead}Any program may pin {in_words(found.number)} with one socket, while TCP "
            f"sizes its buffers by {triple} and does not look here.",
            key=key,
            wanted="what programs ask for by SO_RCVBUF or SO_SNDBUF",
            severity=Severity.WARNING if found.number >= _HUGE else Severity.NOTE,
            fix=Fix(str(_DEFAULT), safe=True),
        )
    found = in_force(snapshot, policy, _OPTIONS, lambda number: number > _MANY_OPTIONS)
    if found is not None:
        default = default_of(snapshot, _OPTIONS)
        yield RULE.finding(
            f"{found.lead}A socket may hold {in_words(found.number)} of filters, options and "
            "control messages beside its buffers; no connection is faster for it.",
            key=_OPTIONS,
            wanted=f"{default or 'the default'}, the kernel's default",
            fix=Fix(str(default), safe=True) if default is not None else None,
        )


RULE = Rule(
    id="socket-limit-huge",
    kind=Kind.MYTH,
    severity=Severity.NOTE,
    confidence=Confidence.PROVEN,
    sources=(
        "linux v6.18 net/core/sock.c sk_setsockopt",
        "linux v6.18 net/ipv4/tcp_output.c tcp_select_initial_window",
    ),
    doc=__doc__,
    check=check,
)
