"""The firewall logs every packet that it finds invalid.

What it flags
    nf_conntrack_log_invalid at any value but 0.

Why it is wrong
    255 logs invalid packets of every protocol, 6 those of TCP. It is a tool for an afternoon: left
    on, a port scan or a late reset from a busy client writes the log full, and syslog takes a
    processor.

Instead
    0, the default.

Applies to
    Hosts with connection tracking. Without a log target (nf_log) the kernel logs nothing.

Evidence
    linux nf_conntrack_log_invalid_sysctl().
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._growth import events
from tuner.rules._in_force import in_force
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

KEY = Key("net.netfilter.nf_conntrack_log_invalid")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where the key is not 0."""
    found = in_force(snapshot, policy, KEY, lambda number: number != 0)
    if found is None:
        return
    seen = events(snapshot, "conntrack.invalid")
    count = f"; {seen:,} packets were invalid since boot" if seen else ""
    yield RULE.finding(
        f"{found.lead}{found.number} logs every invalid packet{count}.",
        key=KEY,
        wanted="0",
        fix=Fix("0", safe=True),
    )


RULE = Rule(
    id="conntrack-log-left-on",
    kind=Kind.HAZARD,
    severity=Severity.NOTE,
    confidence=Confidence.LIKELY,
    sources=(
        "linux v6.18 net/netfilter/nf_conntrack_standalone.c nf_conntrack_log_invalid_sysctl",
    ),
    doc=__doc__,
    check=check,
)
