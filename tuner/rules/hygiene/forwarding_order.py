"""Forwarding is set after what it resets.

What it flags
    net.ipv4.ip_forward or net.ipv4.conf.all.forwarding after a line for
    net.ipv4.conf.all.accept_redirects or for an interface's forwarding, in the order of loading.

Why it is wrong
    Whenever ip_forward changes, the kernel sets all.accept_redirects to the opposite and the
    forwarding of every interface and of default to the same: what the earlier line set is gone. At
    boot it may change nothing; when somebody loads the settings on a host where docker or libvirt
    has switched forwarding on, `ip_forward = 0` switches redirects on again, silently.

Instead
    ip_forward first, redirects and the forwarding of single interfaces after it.

Applies to
    IPv4 on every kernel. Silent where the later line writes what the earlier one asked for.

Evidence
    linux inet_forward_change(); measured on Linux 6.18.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._rule import Rule
from tuner.rules.hygiene._order import RESETS, in_order, resets_to
from tuner.rules.hygiene._spots import Spot, spots
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key
from tuner.sysctl.value import parse_value


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for every line that resets what an earlier one set."""
    earlier: dict[Key, Spot] = {}
    for spot in in_order(spots(snapshot), snapshot):
        if not spot.is_assignment:
            continue
        if spot.key in RESETS:
            lost = [
                before
                for key, before in earlier.items()
                if resets_to(spot, key) not in {None, str(parse_value(before.value))}
            ]
            if lost:
                where = lost[0].place()
                yield RULE.finding(
                    f"When it changes, {spot.key} = {spot.value} resets {lost[0].key}, which "
                    f"{where.path}:{where.line} sets to {lost[0].value}.",
                    key=spot.key,
                    at=spot.place(),
                    wanted="this line before those",
                )
        else:
            earlier[spot.key] = spot


RULE = Rule(
    id="forwarding-order",
    kind=Kind.HYGIENE,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=("linux v6.18 net/ipv4/devinet.c inet_forward_change",),
    doc=__doc__,
    check=check,
    files=True,
)
