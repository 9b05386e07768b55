"""Bridged traffic passes a Kubernetes node's firewall rules unseen.

What it flags
    net.bridge.bridge-nf-call-iptables or ip6tables of 0 on a host that looks like a Kubernetes
    node.

Why it is wrong
    Services are rules that rewrite addresses. A pod that reaches a pod of the same node goes over
    the bridge; with 0 the rules do not see it, its answers come from another address than it asked,
    and connections between pods of one node fail while all others work.

Instead
    1, set after br_netfilter is loaded.

Applies to
    Nodes whose pods are bridged: an interface of a network plug-in, or the kubelet's port.
    Elsewhere 0 is right, and libvirt recommends it. Without the module the keys do not exist and
    nothing is flagged.

Evidence
    linux br_netfilter_hooks.c; the interfaces and listeners of the moment.
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

_KEYS = ("net.bridge.bridge-nf-call-iptables", "net.bridge.bridge-nf-call-ip6tables")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding for each key that is 0 on such a node."""
    for name in _KEYS:
        key = Key(name)
        found = in_force(snapshot, policy, key, lambda number: number == 0)
        shown = clusters(snapshot) if found is not None else ""
        if found is None or not shown:
            continue
        yield RULE.finding(
            f"{found.lead}This looks like a Kubernetes node ({shown}), and packets between its "
            "pods pass the service rules unseen.",
            key=key,
            wanted="1",
            fix=Fix("1", safe=False),
        )


RULE = Rule(
    id="bridge-netfilter-off-in-cluster",
    kind=Kind.HAZARD,
    severity=Severity.ERROR,
    confidence=Confidence.LIKELY,
    sources=("linux v6.18 net/bridge/br_netfilter_hooks.c br_nf_pre_routing",),
    doc=__doc__,
    check=check,
)
