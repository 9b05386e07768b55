"""The firewall no longer checks sequence numbers.

What it flags
    nf_conntrack_tcp_be_liberal=1 where nothing shows that it is needed.

Why it is wrong
    With 1 only resets outside the window are invalid; every other packet of a known connection
    passes, whatever its sequence number says. That is a remedy for asymmetric paths and offloads
    that show the firewall half of the packets, and elsewhere gives up a protection against forged
    segments.

Instead
    0, the default.

Applies to
    Hosts with connection tracking that are no Kubernetes nodes: kube-proxy and some network
    plug-ins set 1 on purpose, and there nothing is said.

Evidence
    linux tcp_in_window(); kubernetes issues 74839 and 117924.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._hosts import clusters
from tuner.rules._in_force import in_force
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

KEY = Key("net.netfilter.nf_conntrack_tcp_be_liberal")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where the key is on and no cluster explains it."""
    found = in_force(snapshot, policy, KEY, lambda number: number != 0)
    if found is None or clusters(snapshot):
        return
    yield RULE.finding(
        f"{found.lead}Segments outside the window pass the firewall; that is right only where it "
        "sees half of the packets, which turns on the paths.",
        key=KEY,
        wanted="0, the kernel's default",
        fix=Fix("0", safe=False),
    )


RULE = Rule(
    id="conntrack-liberal",
    kind=Kind.HAZARD,
    severity=Severity.NOTE,
    confidence=Confidence.POSSIBLE,
    sources=("linux v6.18 net/netfilter/nf_conntrack_proto_tcp.c tcp_in_window",),
    doc=__doc__,
    check=check,
)
