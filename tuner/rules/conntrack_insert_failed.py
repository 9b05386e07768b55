"""The firewall could not enter connections into its table.

What it flags
    insert_failed or drop in /proc/net/stat/nf_conntrack that grows between the two samples: an
    error on a nat-gateway, else a warning; sixty an hour or more since boot: a note. The table
    itself has room.

Why it is wrong
    The packet was dropped. With address translation it means that no port was left: a NAT address
    has 64,512 for each destination, so that at the default quarantine of 120 s it can open 537
    connections a second to one, and a search of 248 tries may fail earlier. Without translation it
    is two packets that race for one entry, usually DNS over UDP.

Instead
    More addresses to translate to; kept connections behind the NAT. Against races: a resolver on
    the host, or TCP for DNS.

Applies to
    Hosts with connection tracking whose table is below 70 %; above, and for drops where the table
    was full before, see conntrack-table-full. Since Linux 6.5 a full NAT takes over ports of
    closing connections.

Evidence
    /proc/net/stat/nf_conntrack. Measured on Linux 6.18 through a NAT of 16 ports: the 17th
    connection gets no answer, and drop and insert_failed are 3 each for its three SYNs.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._formulas import NAT_PORTS, nat_connections_per_second
from tuner.rules._growth import events, growth
from tuner.rules._hosts import forwards, is_gateway
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

_MAX = Key("net.netfilter.nf_conntrack_max")
_COUNT = Key("net.netfilter.nf_conntrack_count")
_QUARANTINE = Key("net.netfilter.nf_conntrack_tcp_timeout_time_wait")
_OFTEN = 60.0  # an hour
_FULL = 70  # per cent


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield one finding where entries could not be made though there is room."""
    most, count = snapshot.number(_MAX), snapshot.number(_COUNT)
    if most is None or count is None or (most and 100 * count >= _FULL * most):
        return
    failed, dropped = (
        growth(snapshot, "conntrack.insert_failed"),
        growth(snapshot, "conntrack.drop"),
    )
    if events(snapshot, "conntrack.early_drop"):  # it was full: what was dropped then is its fault
        dropped = failed
    worst = max(failed, dropped, key=lambda it: (it.per_second, it.total))
    if not worst.often(_OFTEN):
        return
    quarantine = snapshot.number(_QUARANTINE) or 120
    routes = is_gateway(policy) or forwards(snapshot)
    cause = (
        f"a NAT address has {NAT_PORTS:,} ports for each destination, {NAT_PORTS:,} / "
        f"{quarantine} s = {nat_connections_per_second(quarantine):,} connections a second"
        if routes
        else "packets that race for one entry, such as two DNS queries from one socket"
    )
    yield RULE.finding(
        f"New entries failed though the table has room, {worst.words}: {cause}.",
        wanted="more addresses to translate to" if routes else "fewer races: a local resolver",
        severity=Severity.NOTE
        if not worst.now
        else Severity.ERROR
        if is_gateway(policy)
        else Severity.WARNING,
    )


RULE = Rule(
    id="conntrack-insert-failed",
    kind=Kind.PRESSURE,
    severity=Severity.WARNING,
    confidence=Confidence.LIKELY,
    sources=(
        "linux v6.18 net/netfilter/nf_nat_core.c nf_nat_l4proto_unique_tuple",
        "linux v6.18 net/netfilter/nf_conntrack_core.c __nf_conntrack_confirm",
    ),
    doc=__doc__,
    check=check,
)
