"""A setting that has nothing to do with TIME_WAIT is set against it.

What it flags
    A line for keep-alive, buffers, memory, queues, orphans, retries or descriptors whose comment
    wants fewer, shorter or cleaner TIME_WAIT.

Why it is wrong
    A TIME_WAIT entry is what is left when the socket is gone: it has no buffers, no file
    descriptor, no keep-alive timer and no retries. It lasts 60 s. None of these settings reaches
    it, so whoever set one for that believes a problem solved that still exists, or never was one.

Instead
    Nothing, on a server. On a client that runs out of ports: connections that are kept open, then
    tcp_tw_reuse, then a wider port range.

Applies to
    Every kernel. Only the comment is judged; the value may be right for another reason.

Evidence
    linux tcp_time_wait(): the entry is an inet_timewait_sock of 256 bytes with a timer of
    TCP_TIMEWAIT_LEN, and the socket is destroyed.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._rule import Rule
from tuner.rules._words import FIN_WAIT, SHORTEN, believes, says
from tuner.rules._words import TIME_WAIT as TIME_WAIT_WORDS
from tuner.snapshot.snapshot import Snapshot

_KEYS = {
    "net.ipv4.tcp_keepalive_time": "keep-alive probes go to established connections",
    "net.ipv4.tcp_keepalive_intvl": "keep-alive probes go to established connections",
    "net.ipv4.tcp_keepalive_probes": "keep-alive probes go to established connections",
    "net.ipv4.tcp_mem": "a TIME_WAIT entry holds no buffers",
    "net.ipv4.tcp_rmem": "a TIME_WAIT entry holds no buffers",
    "net.ipv4.tcp_wmem": "a TIME_WAIT entry holds no buffers",
    "net.core.rmem_max": "a TIME_WAIT entry holds no buffers",
    "net.core.wmem_max": "a TIME_WAIT entry holds no buffers",
    "net.core.somaxconn": "it limits connections that wait for accept()",
    "net.ipv4.tcp_max_syn_backlog": "it limits half-open connections",
    "net.ipv4.tcp_max_orphans": "a TIME_WAIT entry is no orphan",
    "net.ipv4.tcp_orphan_retries": "nothing is retransmitted in TIME_WAIT",
    "net.ipv4.tcp_retries2": "nothing is retransmitted in TIME_WAIT",
    "net.ipv4.tcp_syn_retries": "it concerns connections that are being opened",
    "net.ipv4.tcp_synack_retries": "it concerns connections that are being opened",
    "net.ipv4.tcp_syncookies": "it concerns connections that are being opened",
    "fs.file-max": "a TIME_WAIT entry has no file descriptor",
    "fs.nr_open": "a TIME_WAIT entry has no file descriptor",
}


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for every such line whose comment hopes for it."""
    if snapshot.boot is None:
        return
    for line in snapshot.boot.settings:
        reason = _KEYS.get(line.key) if line.note and line.value is not None else None
        if reason is None or says(FIN_WAIT, line.note):
            continue
        if believes(line.note, TIME_WAIT_WORDS, SHORTEN):
            yield RULE.finding(
                f"The comment sets it against TIME_WAIT, which it does not touch: {reason}, and "
                "the entry goes after 60 s by itself.",
                key=line.key,
                wanted="a reason that holds, or no such line",
                at=line,
            )


RULE = Rule(
    id="unrelated-to-time-wait",
    kind=Kind.MYTH,
    severity=Severity.NOTE,
    confidence=Confidence.LIKELY,
    sources=(
        "linux v6.18 net/ipv4/tcp_minisocks.c tcp_time_wait",
        "linux v6.18 net/ipv4/inet_timewait_sock.c inet_twsk_alloc",
    ),
    doc=__doc__,
    check=check,
)
