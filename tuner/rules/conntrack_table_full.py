"""The connection table is nearly full.

What it flags
    nf_conntrack_count at 70 % of nf_conntrack_max or more: a warning; at 90 %, or with packets
    dropped for want of room between the two samples, an error. Early drops since boot are named.

Why it is wrong
    When the table is full every packet of a new connection is dropped, for everybody behind this
    host, and the log says "nf_conntrack: table full, dropping packet". From 95 % on the kernel
    removes entries of closing connections first (since Linux 4.12), which shows as early drops.

Instead
    A higher nf_conntrack_max, 320 bytes each, with buckets to match. Then shorter stays: entries of
    established connections that nobody uses, 432000 s by default, are the usual ballast of a
    gateway: 86400 or 7440 is enough.

Applies to
    Hosts with connection tracking. Each network namespace counts for itself against the one
    maximum.

Evidence
    nf_conntrack_count and _max; /proc/net/stat/nf_conntrack; linux __nf_conntrack_alloc(),
    gc_worker().
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._growth import Growth, events, growth
from tuner.rules._rule import Rule
from tuner.rules._sizes import chain_length, conntrack_bytes, in_words
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key
from tuner.sysctl.value import Value

KEY = Key("net.netfilter.nf_conntrack_max")
_COUNT = Key("net.netfilter.nf_conntrack_count")
_BUCKETS = Key("net.netfilter.nf_conntrack_buckets")
_ESTABLISHED = Key("net.netfilter.nf_conntrack_tcp_timeout_established")
_WARN, _NEAR = 70, 90  # per cent
_LONG = 86400


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding where the table has little room left."""
    most, count = snapshot.number(KEY), snapshot.number(_COUNT)
    if not most or count is None:
        return
    counters = snapshot.counters
    dropped = growth(snapshot, "conntrack.drop") if counters is not None else Growth(0, 0.0, 0.0)
    early = events(snapshot, "conntrack.early_drop")
    share = 100 * count // most
    if share < _WARN:
        return
    buckets = snapshot.number(_BUCKETS) or 0
    wanted = 2 * most
    reading = snapshot.reading(_ESTABLISHED)
    stay = (reading.int() or 0) if isinstance(reading, Value) else 0
    ballast = (
        f" Idle connections stay for {stay:,} s; {_LONG:,} is enough for a gateway."
        if stay > _LONG
        else ""
    )
    lost = f" {early:,} entries were dropped early since boot." if early else ""
    yield RULE.finding(
        f"{count:,} of {most:,} entries, {share} %: at 100 % every new connection is dropped. "
        f"{wanted:,} would take {in_words(conntrack_bytes(wanted, buckets))}, and "
        f"{chain_length(wanted, buckets):,.0f} steps a packet with {buckets:,} buckets."
        f"{lost}{ballast}",
        key=KEY,
        wanted=f"at least {wanted}, or shorter stays",
        severity=Severity.ERROR if share >= _NEAR or dropped.now else Severity.WARNING,
        fix=Fix(str(wanted), safe=True),
    )


RULE = Rule(
    id="conntrack-table-full",
    kind=Kind.PRESSURE,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=(
        "linux v6.18 net/netfilter/nf_conntrack_core.c __nf_conntrack_alloc",
        "linux v6.18 Documentation/networking/nf_conntrack-sysctl.rst nf_conntrack_max",
    ),
    doc=__doc__,
    check=check,
)
