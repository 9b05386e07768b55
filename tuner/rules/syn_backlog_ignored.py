"""tcp_max_syn_backlog is set where the kernel does not look at it.

What it flags
    A line that sets tcp_max_syn_backlog, with tcp_syncookies on, on Linux 4.4 and later.

Why it is wrong
    Since 4.4 the queue of half-open connections is bounded by the listener's own backlog, the
    smaller of what listen() asks for and of somaxconn. tcp_max_syn_backlog is read only with
    tcp_syncookies=0. Raised against a SYN flood it does nothing; the cookies do.

Instead
    No such line. To hold more half-open connections raise the program's backlog, and somaxconn
    where that is smaller.

Applies to
    Linux 4.4 and later with tcp_syncookies at 1 or 2. Up to 4.3, or without cookies, the number
    counts, and the rule is silent.

Evidence
    linux tcp_conn_request(). Measured on Linux 6.18: tcp_max_syn_backlog=8 and listen(4000) hold
    200 half-open connections; listen(20) holds 21 and sends cookies to the rest.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._rule import Rule
from tuner.rules._values import endorsed, lines_for
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key
from tuner.sysctl.value import Value

KEY = Key("net.ipv4.tcp_max_syn_backlog")
_COOKIES = Key("net.ipv4.tcp_syncookies")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding for a line whose number is not read."""
    number = snapshot.number(KEY)
    if number is None or not snapshot.kernel.at_least(4, 4) or not snapshot.number(_COOKIES):
        return
    lines = lines_for(snapshot, KEY)
    if not lines or endorsed(snapshot, policy, KEY):
        return
    somaxconn = snapshot.reading(Key("net.core.somaxconn"))
    limit = f", {somaxconn} at most here" if isinstance(somaxconn, Value) else ""
    yield RULE.finding(
        f"With SYN cookies on nothing reads it since Linux 4.4: a listener holds as many half-open "
        f"connections as its own backlog says{limit}.",
        key=KEY,
        wanted="no such line",
        at=lines[-1],
    )


RULE = Rule(
    id="syn-backlog-ignored",
    kind=Kind.MYTH,
    severity=Severity.NOTE,
    confidence=Confidence.PROVEN,
    sources=(
        "linux v6.18 net/ipv4/tcp_input.c tcp_conn_request",
        "linux v3.10 net/core/request_sock.c reqsk_queue_alloc",
    ),
    doc=__doc__,
    check=check,
)
