"""ARP answers are restricted as for a balancer's real server.

What it flags
    arp_ignore of 1 or more together with arp_announce=2 on conf.all, where the inventory declares
    no L4 balancer in front.

Why it is wrong
    The pair is the recipe for a real server behind a balancer that leaves the destination address
    as it is (direct return): the host must not answer ARP for the balancer's address. It makes
    nothing faster. Elsewhere it breaks addresses on other interfaces than the asked one, and some
    failover setups.

Instead
    0 and 0, the defaults, unless an L4 balancer with direct return stands in front.

Applies to
    Hosts whose facts do not say `balancer: l4`. Where they say `none` or `l7` it is likely a
    mistake; where they say nothing it turns on the balancer. Kubernetes nodes with IPVS need the
    pair.

Evidence
    linux arp_ignore(), arp_solicit(); the inventory's facts.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._hosts import clusters
from tuner.rules._rule import Rule
from tuner.rules._values import endorsed
from tuner.snapshot.facts import Balancer
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

_IGNORE = Key("net.ipv4.conf.all.arp_ignore")
_ANNOUNCE = Key("net.ipv4.conf.all.arp_announce")
_BEST = 2


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield one finding where both are set and nothing asks for it."""
    ignore, announce = snapshot.number(_IGNORE), snapshot.number(_ANNOUNCE)
    if not ignore or announce != _BEST or snapshot.facts.balancer is Balancer.L4:
        return
    if clusters(snapshot) or endorsed(snapshot, policy, _IGNORE):
        return
    known = snapshot.facts.balancer in {Balancer.NONE, Balancer.L7}
    turn = (
        "the inventory says that none stands in front"
        if snapshot.facts.balancer is Balancer.NONE
        else "an L7 balancer, which stands in front here, does not need it"
        if known
        else "whether one stands in front the inventory does not say (tuner_facts: balancer)"
    )
    yield RULE.finding(
        f"arp_ignore={ignore} and arp_announce={announce} are for real servers behind an L4 "
        f"balancer with direct return; {turn}.",
        key=_IGNORE,
        wanted="0, or balancer: l4 declared",
        confidence=Confidence.LIKELY if known else Confidence.POSSIBLE,
    )


RULE = Rule(
    id="arp-recipe-without-balancer",
    kind=Kind.MYTH,
    severity=Severity.NOTE,
    confidence=Confidence.POSSIBLE,
    sources=(
        "linux v6.18 net/ipv4/arp.c arp_ignore",
        "linux v6.18 Documentation/networking/ip-sysctl.rst arp_ignore",
    ),
    doc=__doc__,
    check=check,
)
