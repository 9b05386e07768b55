"""Idle connections start again at full speed on a host that keeps none open.

What it flags
    tcp_slow_start_after_idle=0 on a nat-gateway, or on a host whose roles are neither server nor
    client-heavy.

Why it is wrong
    With 0 a connection that was idle sends as much at once as before the pause, though the path may
    have changed. That helps servers and proxies with long-lived, bursty connections on paths they
    know. A router's forwarded connections never see the setting, and for other hosts it is a burst
    into the unknown.

Instead
    1, the default, unless the host keeps connections open between bursts.

Applies to
    Hosts without the role public-server, internal-server or client-heavy: for these 0 may well be
    right, and the rule is silent.

Evidence
    RFC 5681 section 4.1; linux tcp_cwnd_restart().
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._hosts import is_client, is_gateway, is_server
from tuner.rules._in_force import in_force
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

KEY = Key("net.ipv4.tcp_slow_start_after_idle")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where the key is 0 and no role needs it."""
    if is_server(policy) or is_client(policy):
        return
    found = in_force(snapshot, policy, KEY, lambda number: number == 0)
    if found is None:
        return
    if is_gateway(policy):
        whom = "forwarded connections never see it"
    else:
        says = (
            "which this host's roles do not say it is" if policy.roles else "and no role is given"
        )
        whom = f"that helps servers and proxies with kept connections, {says}"
    yield RULE.finding(
        f"{found.lead}0 lets idle connections send a whole old window at once; {whom}.",
        key=KEY,
        wanted="1, the kernel's default",
        fix=Fix("1", safe=True),
    )


RULE = Rule(
    id="no-restart-after-idle",
    kind=Kind.MYTH,
    severity=Severity.NOTE,
    confidence=Confidence.POSSIBLE,
    sources=(
        "RFC 5681 section 4.1",
        "linux v6.18 net/ipv4/tcp_output.c tcp_cwnd_restart",
    ),
    doc=__doc__,
    check=check,
    not_for=("client-heavy", "internal-server", "public-server"),
)
