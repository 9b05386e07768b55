"""Keep-alive probes come after a middlebox has forgotten the connection.

What it flags
    tcp_keepalive_time not below this host's own nf_conntrack_tcp_timeout_established: a warning.
    Above 350 s where the inventory declares a balancer in front, or above the 7440 s of RFC 5382
    where it declares a NAT: a note.

Why it is wrong
    An idle connection lives as long as every firewall, NAT and balancer on its way remembers it.
    When one forgets it first, the next packet is dropped or reset, and both programs wait for a
    timeout. A probe before that keeps it alive. Only sockets with SO_KEEPALIVE send any.

Instead
    A time below the shortest idle timeout on the path: 300 s suits the usual 350 s of a balancer
    and the two hours of a NAT alike.

Applies to
    Hosts with connection tracking of their own, or with declared facts. Where nothing is declared,
    7200, the default, is not flagged: it turns on boxes that nobody can see from here.

Evidence
    RFC 5382 REQ-5 (a NAT keeps idle connections for 2 h 4 min at least); linux
    tcp_keepalive_timer().
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._formulas import outlives
from tuner.rules._in_force import in_force
from tuner.rules._rule import Rule
from tuner.snapshot.facts import Balancer, Known
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key
from tuner.sysctl.value import Value

KEY = Key("net.ipv4.tcp_keepalive_time")
_ESTABLISHED = Key("net.netfilter.nf_conntrack_tcp_timeout_established")
_BALANCER, _NAT = 350, 7440  # usual idle timeouts in seconds: clouds; RFC 5382
_BETTER = "300"


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where probes come too late."""
    reading = snapshot.reading(_ESTABLISHED)
    own = reading.int() if isinstance(reading, Value) else None
    if own is not None and own > 0:
        found = in_force(snapshot, policy, KEY, lambda number: not outlives(number, own))
        if found is not None:
            yield RULE.finding(
                f"{found.lead}The first probe is sent after {found.number:,} s of silence, and "
                f"this host's own firewall forgets the connection after {own:,} s.",
                key=KEY,
                wanted=f"less than {own}",
                severity=Severity.WARNING,
                confidence=Confidence.PROVEN,
                fix=Fix(str(min(max(own // 2, 60), 7200)), safe=True),
            )
            return
    facts = snapshot.facts
    if facts.balancer in {Balancer.L4, Balancer.L7}:
        box, usual = "a balancer", _BALANCER
    elif facts.nat is Known.YES:
        box, usual = "a NAT", _NAT
    else:
        return
    found = in_force(snapshot, policy, KEY, lambda number: not outlives(number, usual))
    if found is not None:
        yield RULE.finding(
            f"{found.lead}The first probe is sent after {found.number:,} s of silence; whether "
            f"{box} in the path still knows the connection then turns on its idle timeout, "
            f"commonly {usual:,} s.",
            key=KEY,
            wanted=f"less than that timeout; {_BETTER} suits most",
        )


RULE = Rule(
    id="keepalive-after-the-middlebox",
    kind=Kind.HAZARD,
    severity=Severity.NOTE,
    confidence=Confidence.POSSIBLE,
    sources=(
        "RFC 5382 REQ-5",
        "linux v6.18 net/ipv4/tcp_timer.c tcp_keepalive_timer",
        "linux v6.18 net/netfilter/nf_conntrack_proto_tcp.c tcp_timeouts",
    ),
    doc=__doc__,
    check=check,
)
