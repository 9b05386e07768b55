"""tcp_max_tw_buckets is below the kernel's default.

What it flags
    A limit lower than the default that the kernel computed for this host; where that cannot be
    told, a limit lower than the number of local ports. An error once the kernel has run into it.

Why it is wrong
    At the limit the kernel does not make room: it destroys the connection that is just closing. No
    TIME_WAIT remains to answer a repeated FIN, so the peer gets a reset, and stray segments of the
    old connection meet the next one. Orphans in FIN_WAIT2 count too and are destroyed alike, with
    data still on its way. It happens under load only, and the kernel logs nothing. The trick of
    lowering it to free ports works exactly like that.

Instead
    The default: half the established hash, 262,144 on large hosts. No line at all gives that. An
    entry costs 256 bytes.

Applies to
    Every kernel; since 4.11 the limit and the count are per network namespace. A small host has a
    small default (4,096 with 1 GiB), which is not flagged. Negative numbers: see tw-buckets-huge.

Evidence
    net.ipv4.tcp_ehash_entries where the kernel shows it (6.1 on), else the host's memory. Measured
    on Linux 6.18: a limit of 10 and 50 closes leave 10 entries and TCPTimeWaitOverflow at 40.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._formulas import DEFAULT_PORTS, usable_ports
from tuner.rules._rule import Rule
from tuner.rules._sizes import default_tw_buckets, least_hash_entries
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key
from tuner.sysctl.value import Value

KEY = Key("net.ipv4.tcp_max_tw_buckets")
_HASH = Key("net.ipv4.tcp_ehash_entries")
_ORPHANS = Key("net.ipv4.tcp_max_orphans")
_RANGE = Key("net.ipv4.ip_local_port_range")
_LARGEST_DEFAULT = 262144


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding where the limit is lower than the host's default."""
    limit = snapshot.number(KEY)
    if limit is None or limit < 0:
        return
    floor, floor_in_words, confidence = least_limit(snapshot)
    if limit >= floor:
        return
    destroyed = 0
    if snapshot.counters is not None:
        destroyed = snapshot.counters.totals.get("TcpExt.TCPTimeWaitOverflow", 0)
    happened = (
        f"; that has happened to {destroyed:,} since boot"
        if destroyed
        else ", and a late FIN is then answered with a reset"
    )
    default = floor if confidence is Confidence.PROVEN else None
    yield RULE.finding(
        f"{limit:,} is below {floor_in_words}: closing connections beyond it are destroyed without "
        f"TIME_WAIT{happened}.",
        key=KEY,
        wanted=f"at least {floor}",
        severity=Severity.ERROR if destroyed else Severity.WARNING,
        confidence=confidence,
        fix=Fix(str(default or max(floor, _LARGEST_DEFAULT)), safe=True),
    )


def least_limit(snapshot: Snapshot) -> tuple[int, str, Confidence]:
    """Return the least sensible limit, what it is, and how sure that is."""
    shown = snapshot.reading(_HASH)
    entries = shown.int() if isinstance(shown, Value) else None
    if entries:
        floor = default_tw_buckets(entries)
        return floor, f"this host's default of {floor:,}", Confidence.PROVEN
    if snapshot.system.memory:
        floor = default_tw_buckets(least_hash_entries(snapshot.system.memory))
        return floor, f"{floor:,}, the default for this much memory", Confidence.LIKELY
    orphans = snapshot.reading(_ORPHANS)
    same = orphans.int() if isinstance(orphans, Value) and snapshot.kernel.at_least(3, 0) else None
    ports = snapshot.reading(_RANGE)
    bounds = ports.ints() if isinstance(ports, Value) else None
    floor = usable_ports(*bounds) if bounds is not None and len(bounds) == 2 else DEFAULT_PORTS  # noqa: PLR2004 - low and high
    if same and same < floor:  # the kernel gives both the same default
        return same, f"{same:,}, which tcp_max_orphans has", Confidence.POSSIBLE
    return floor, f"the {floor:,} ports that one destination can occupy", Confidence.POSSIBLE


RULE = Rule(
    id="tw-buckets-low",
    kind=Kind.HAZARD,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=(
        "linux v6.18 net/ipv4/inet_timewait_sock.c inet_twsk_alloc",
        "linux v6.18 net/ipv4/tcp_minisocks.c tcp_time_wait",
        "linux v6.18 net/ipv4/tcp_ipv4.c tcp_set_hashinfo",
        "linux v6.18 Documentation/networking/ip-sysctl.rst tcp_max_tw_buckets",
    ),
    doc=__doc__,
    check=check,
)
