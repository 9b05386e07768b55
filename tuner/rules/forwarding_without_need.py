"""The host forwards packets, and nothing shows why.

What it flags
    ip_forward=1 on a host without the role nat-gateway, with no interface of containers, virtual
    machines or tunnels, and that has forwarded nothing since boot.

Why it is wrong
    A host that forwards takes packets for others: from one of its networks into another, past the
    firewall between them. It also accepts fewer redirects and switches off large receive offload,
    which is not free.

Instead
    0; or the role nat-gateway, where it is one.

Applies to
    Hosts whose counters could be seen. Docker, libvirt and Kubernetes switch it on and need it.

Evidence
    Ip.ForwDatagrams in /proc/net/snmp; linux inet_forward_change().
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._growth import growth
from tuner.rules._hosts import clusters, forwards_for, is_gateway
from tuner.rules._rule import Rule
from tuner.rules._values import endorsed
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

KEY = Key("net.ipv4.ip_forward")
_BRIDGES = "net.bridge."  # set by those who bridge containers or virtual machines


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where forwarding is on and unused."""
    if is_gateway(policy) or not snapshot.number(KEY):
        return
    if endorsed(snapshot, policy, KEY) or forwards_for(snapshot) or clusters(snapshot):
        return
    lines = snapshot.boot.settings if snapshot.boot is not None else ()
    if any(line.key.startswith(_BRIDGES) for line in lines):
        return
    if growth(snapshot, "Ip.ForwDatagrams").total:
        return
    yield RULE.finding(
        "The host would carry packets from one network into another, and has forwarded none since "
        "boot.",
        key=KEY,
        wanted="0, or the role nat-gateway",
        fix=Fix("0", safe=False),
    )


RULE = Rule(
    id="forwarding-without-need",
    kind=Kind.HAZARD,
    severity=Severity.NOTE,
    confidence=Confidence.LIKELY,
    sources=("linux v6.18 net/ipv4/devinet.c inet_forward_change",),
    doc=__doc__,
    check=check,
    not_for=("nat-gateway",),
)
