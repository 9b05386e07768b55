"""nf_conntrack_tcp_timeout_time_wait is lowered to shorten the host's TIME_WAIT.

What it flags
    A line for nf_conntrack_tcp_timeout_time_wait below 120 whose comment wants fewer or shorter
    TIME_WAIT sockets or connections, on a host that forwards nothing.

Why it is wrong
    The key times the firewall's entry of a connection that has ended. The host's own TIME_WAIT
    lasts 60 s whatever it says, and no port becomes free by it.

Instead
    120, the default. To keep a connection table small it may be lowered on a host that only filters
    its own connections; then the comment should say so.

Applies to
    Hosts that do not forward; on one that does, see nat-quarantine-short. A comment that speaks of
    the table, of entries or of tracking knows what the key does.

Evidence
    linux tcp_timeouts[] of conntrack and TCP_TIMEWAIT_LEN are two things. Measured on Linux 6.18:
    with 2 the entry is gone after 2 s, while TIME_WAIT has 58 s to go.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._formulas import TIME_WAIT
from tuner.rules._hosts import forwards, is_gateway
from tuner.rules._rule import Rule
from tuner.rules._values import lines_for
from tuner.rules._words import SHORTEN, believes, says
from tuner.rules._words import TIME_WAIT as TIME_WAIT_WORDS
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key
from tuner.sysctl.value import parse_value

KEY = Key("net.netfilter.nf_conntrack_tcp_timeout_time_wait")
_DEFAULT = 120
_TABLE = (
    r"conn(?:ection)?[-_ ]?track|table|entr(?:y|ies)|\bnat\b|firewall"
    r"|추적|跟踪|表项|таблиц|tabel|tabla"
)


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding for a line that hopes for a shorter TIME_WAIT."""
    value = snapshot.number(KEY)
    if value is None or is_gateway(policy) or forwards(snapshot):
        return
    for line in lines_for(snapshot, KEY):
        given = parse_value(line.effective or "").written
        if not given or given[0] >= _DEFAULT or says(_TABLE, line.note):
            continue
        if not believes(line.note, TIME_WAIT_WORDS, SHORTEN):
            continue
        yield RULE.finding(
            f"{given[0]} shortens the firewall's entry, not TIME_WAIT: sockets stay there for "
            f"{TIME_WAIT} s, and no port is free sooner.",
            key=KEY,
            wanted=f"{_DEFAULT}, the kernel's default",
            at=line,
            fix=Fix(str(_DEFAULT), safe=True),
        )
        return


RULE = Rule(
    id="conntrack-timeout-for-time-wait",
    kind=Kind.MYTH,
    severity=Severity.WARNING,
    confidence=Confidence.LIKELY,
    sources=(
        "linux v6.18 net/netfilter/nf_conntrack_proto_tcp.c tcp_timeouts",
        "linux v6.18 net/ipv4/tcp_minisocks.c tcp_time_wait",
    ),
    doc=__doc__,
    check=check,
)
