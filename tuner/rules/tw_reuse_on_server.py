"""tcp_tw_reuse is on where nothing connects out.

What it flags
    tcp_tw_reuse=1 on a host that has listeners, has no outgoing connection but to itself, has never
    reused an entry since boot, and whose roles are neither client-heavy nor nat-gateway.

Why it is wrong
    It is harmless, and does nothing: connect() alone reads it. A server's TIME_WAIT entries belong
    to connections it accepted; an incoming SYN that meets one is judged by timestamp and sequence
    number, whatever this key says. Whoever set it believes a problem solved that still exists, or
    that never was one.

Instead
    The kernel's default: 2 since Linux 4.18, 0 before. Many TIME_WAIT entries on a server need
    nothing done: they occupy no port of the server and cost 256 bytes each.

Applies to
    Hosts whose sockets could be seen. A proxy or an application server with a database accepts
    *and* connects: there 1 may well be right, and this rule is silent.

Evidence
    The sockets of the moment and the counter TcpExt.TWRecycled, which counts every reuse. A host
    that connects out only now and then may have been asked at the wrong moment; hence "likely".
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._rule import Rule
from tuner.rules._values import endorsed
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

KEY = Key("net.ipv4.tcp_tw_reuse")
_CLIENTS = {"client-heavy", "nat-gateway"}


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where the key is 1 and nothing here could profit from it."""
    if snapshot.number(KEY) != 1 or policy.lineage & _CLIENTS or endorsed(snapshot, policy, KEY):
        return
    sockets = snapshot.require_sockets()
    connects = any(flow.outbound and not flow.loopback for flow in sockets.flows)
    reused = snapshot.counters is not None and snapshot.counters.totals.get("TcpExt.TWRecycled", 0)
    if connects or reused or not sockets.listeners:
        return
    default = "2" if snapshot.kernel.at_least(4, 18) else "0"
    yield RULE.finding(
        "connect() alone reads tcp_tw_reuse, and this host only accepts connections: its "
        "TIME_WAIT entries are not affected by it, and need nothing done.",
        key=KEY,
        wanted=f"{default}, the kernel's default",
        fix=Fix(default, safe=True),
    )


RULE = Rule(
    id="tw-reuse-on-server",
    kind=Kind.MYTH,
    severity=Severity.NOTE,
    confidence=Confidence.LIKELY,
    sources=(
        "linux v6.18 net/ipv4/tcp_ipv4.c tcp_twsk_unique",
        "linux v6.18 net/ipv4/tcp_minisocks.c tcp_timewait_state_process",
    ),
    doc=__doc__,
    check=check,
    not_for=("client-heavy", "nat-gateway"),
)
