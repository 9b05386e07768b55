"""The strict return-path filter is on where paths may be asymmetric.

What it flags
    An interface whose rp_filter is 1 in effect: an error where the kernel drops packets by it now,
    a warning where it has dropped many or the host has tunnels, a note where it has several
    interfaces.

Why it is wrong
    1 drops a packet whose answer would leave by another interface. With two uplinks, a VPN, policy
    routes or a balancer that sends around the host, that is ordinary traffic: it vanishes without a
    word. The larger of conf.all and the interface's own value counts, so that 1 with 2 makes 2.

Instead
    2, which wants only some route to the source, or 0 on the interface concerned. IPv6 has no such
    filter.

Applies to
    Linux since 2.6.33. A host with one interface besides loopback is not flagged without drops:
    there 1 is harmless, and Red Hat's distributions ship it. Interfaces of containers do not count.

Evidence
    TcpExt.IPReversePathFilter; linux IN_DEV_RPFILTER(), __fib_validate_source().
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._growth import Growth, growth
from tuner.rules._hosts import few, tunnels
from tuner.rules._rule import Rule
from tuner.rules._values import endorsed
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key
from tuner.sysctl.value import Value

_ALL = "net.ipv4.conf.all.rp_filter"
_COUNTER = "TcpExt.IPReversePathFilter"
_MANY = 1000
_STRICT = 1


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield one finding that names the interfaces."""
    common = snapshot.number(Key(_ALL))
    if common is None:
        return
    strict = [
        name
        for name in snapshot.interfaces
        if max(common, _own(snapshot, name)) == _STRICT and name not in _ISOLATED
    ]
    if not strict:
        return
    key = Key(_ALL if common == _STRICT else f"net.ipv4.conf.{strict[0]}.rp_filter")
    if endorsed(snapshot, policy, key):
        return
    drops = growth(snapshot, _COUNTER) if snapshot.counters is not None else Growth(0, 0.0, 0.0)
    ways = [name for name in snapshot.interfaces if not name.startswith(_INNER)]
    through = [name for name in tunnels(snapshot) if name in ways]
    if drops.now:
        severity, why = Severity.ERROR, f"it drops packets: {drops.words}"
    elif drops.total >= _MANY:
        severity, why = Severity.WARNING, f"it has dropped packets: {drops.words}"
    elif through:
        severity, why = Severity.WARNING, f"{through[0]} is a tunnel, whose traffic may come back"
        why += " by another way"
    elif len(ways) > 1:
        severity, why = Severity.NOTE, f"the host has {len(ways)} interfaces"
    else:
        return
    yield RULE.finding(
        f"Strict return-path filtering on {few(strict)}: a packet whose answer would leave by "
        f"another interface is dropped silently, and {why}.",
        key=key,
        wanted="2 (loose) or 0, unless every path is symmetric",
        severity=severity,
        confidence=Confidence.PROVEN if drops.now else Confidence.POSSIBLE,
        fix=Fix("2", safe=True),
    )


_INNER = ("docker", "br-", "veth", "virbr", "cali", "cni", "lxdbr", "lxcbr", "ifb", "dummy")
_ISOLATED = frozenset({"tunl0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6tnl0", "sit0"})


def _own(snapshot: Snapshot, name: str) -> int:
    reading = snapshot.reading(Key(f"net.ipv4.conf.{name}.rp_filter"))
    return (reading.int() or 0) if isinstance(reading, Value) else 0


RULE = Rule(
    id="rp-filter-strict-multihomed",
    kind=Kind.HAZARD,
    severity=Severity.WARNING,
    confidence=Confidence.POSSIBLE,
    sources=(
        "RFC 3704",
        "linux v6.18 include/linux/inetdevice.h IN_DEV_RPFILTER",
        "linux v6.18 net/ipv4/fib_frontend.c __fib_validate_source",
    ),
    doc=__doc__,
    check=check,
)
