"""The kernel may not remember what it learned of a path.

What it flags
    tcp_no_metrics_save=1.

Why it is wrong
    The kernel keeps round trip, window and reordering of each peer and starts the next connection
    with them. 1 throws that away. It was advised because a bad moment was remembered as a
    slow-start threshold; from Linux 5.6 on the threshold is not saved any more by default
    (tcp_no_ssthresh_metrics_save), so that the rest is lost for nothing.

Instead
    0, the default.

Applies to
    Every kernel; before 5.6 the reason given holds, and the finding says so. Hosts whose paths
    change all the time may want 1: then let the profile say it.

Evidence
    linux tcp_update_metrics(); ip-sysctl.rst tcp_no_ssthresh_metrics_save.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._in_force import in_force
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

KEY = Key("net.ipv4.tcp_no_metrics_save")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where the key is on."""
    found = in_force(snapshot, policy, KEY, lambda number: number != 0)
    if found is None:
        return
    reason = (
        "the slow-start threshold, which was the reason, is not saved since Linux 5.6 anyway"
        if snapshot.kernel.at_least(5, 6)
        else "before Linux 5.6 that spares a bad threshold and costs good round-trip times"
    )
    yield RULE.finding(
        f"{found.lead}New connections start without the round trip and window that earlier ones to "
        f"the same peer found; {reason}.",
        key=KEY,
        wanted="0, the kernel's default",
        fix=Fix("0", safe=True),
    )


RULE = Rule(
    id="metrics-not-saved",
    kind=Kind.MYTH,
    severity=Severity.NOTE,
    confidence=Confidence.LIKELY,
    sources=(
        "linux v6.18 net/ipv4/tcp_metrics.c tcp_update_metrics",
        "linux v6.18 Documentation/networking/ip-sysctl.rst tcp_no_ssthresh_metrics_save",
    ),
    doc=__doc__,
    check=check,
)
