"""The connection table is nearly full.

What it flags
    nf_conntrack_count at 70 % of nf_conntrack_max or more: a warning; at 90 %, or with packets
    dropped for want of room between the two samples, an error. A table with room now that was full
    before, which early drops show: a warning while they go on, a note from sixty an hour since boot
    on.

Why it is wrong
    A new connection that finds the table full takes the place of one in its eight next chains that
    has not yet seen packets both ways: an early drop, which hits slow handshakes and UDP. Where
    there is none the packet is dropped, for everybody behind this host, and the log says
    "nf_conntrack: table full, dropping packet". Then, since Linux 4.12, the kernel also clears
    closing connections away until the count is below 95 %, and counts that nowhere.

Instead
    A higher nf_conntrack_max, 320 bytes each, with buckets to match. Then shorter stays: entries of
    established connections that nobody uses, 432000 s by default, are the usual ballast of a
    gateway: 86400 or 7440 is enough.

Applies to
    Hosts with connection tracking. Each network namespace counts for itself against the one
    maximum.

Evidence
    nf_conntrack_count and _max; /proc/net/stat/nf_conntrack; linux __nf_conntrack_alloc(),
    early_drop_list(), gc_worker().
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._growth import Growth, growth
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
_OFTEN = 60.0  # an hour
_LONG = 86400


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding where the table has little room left."""
    most, count = snapshot.number(KEY), snapshot.number(_COUNT)
    if not most or count is None:
        return
    counters = snapshot.counters
    none = Growth(0, 0.0, 0.0)
    dropped = growth(snapshot, "conntrack.drop") if counters is not None else none
    early = growth(snapshot, "conntrack.early_drop") if counters is not None else none
    share = 100 * count // most
    if share < _WARN:
        if early.often(_OFTEN):
            yield RULE.finding(
                f"The table of {most:,} entries was full, though {count:,} are in it now: entries "
                f"without an answer yet were thrown out for new ones, {early.words}.",
                key=KEY,
                wanted=f"at least {2 * most}, or shorter stays",
                severity=Severity.WARNING if early.now else Severity.NOTE,
                fix=Fix(str(2 * most), safe=True),
            )
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
    lost = f" Entries dropped early to make room: {early.words}." if early.total else ""
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
        "linux v6.18 net/netfilter/nf_conntrack_core.c __nf_conntrack_alloc, early_drop_list",
        "linux v6.18 Documentation/networking/nf_conntrack-sysctl.rst nf_conntrack_max",
    ),
    doc=__doc__,
    check=check,
)
