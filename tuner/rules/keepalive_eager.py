"""Keep-alive probes are sent after seconds.

What it flags
    tcp_keepalive_time of 10 or less.

Why it is wrong
    Every idle connection with SO_KEEPALIVE then sends a packet every few seconds, thousands a
    second on a busy host, and a pause of the network shorter than a coffee ends them all. TIME_WAIT
    has no keep-alive timer, so that it helps nothing there.

Instead
    Minutes. A program that must notice sooner sets TCP_KEEPIDLE or TCP_USER_TIMEOUT on its sockets.

Applies to
    Every kernel. 30 s and more are not flagged.

Evidence
    linux tcp_keepalive_timer(); the time to call a peer dead is time + intvl · probes.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._formulas import dead_peer_seconds
from tuner.rules._in_force import in_force
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

KEY = Key("net.ipv4.tcp_keepalive_time")
_INTERVAL = Key("net.ipv4.tcp_keepalive_intvl")
_PROBES = Key("net.ipv4.tcp_keepalive_probes")
_EAGER = 10


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where the time is 10 s or less."""
    found = in_force(snapshot, policy, KEY, lambda number: number <= _EAGER)
    if found is None:
        return
    dead = ""
    interval, probes = snapshot.number(_INTERVAL), snapshot.number(_PROBES)
    if interval is not None and probes is not None:
        seconds = dead_peer_seconds(found.number, interval, probes)
        dead = f", and a peer that is silent for {seconds} s counts as dead"
    yield RULE.finding(
        f"{found.lead}Every idle connection with SO_KEEPALIVE sends a probe after {found.number} "
        f"s{dead}.",
        key=KEY,
        wanted="minutes; the kernel's default is 7200",
        fix=Fix("7200", safe=True),
    )


RULE = Rule(
    id="keepalive-eager",
    kind=Kind.HAZARD,
    severity=Severity.NOTE,
    confidence=Confidence.PROVEN,
    sources=("linux v6.18 net/ipv4/tcp_timer.c tcp_keepalive_timer",),
    doc=__doc__,
    check=check,
)
