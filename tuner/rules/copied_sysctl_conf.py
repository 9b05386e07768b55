"""A file is a copy of the tuning file that goes from page to page.

What it flags
    Seven or more of the settings that give such a file away, in one file that boot reads:
    tcp_tw_recycle; tcp_fin_timeout of 30 or less; tcp_timestamps=0; tcp_tw_reuse=1; tcp_syn_retries
    or tcp_synack_retries of 1 or 2; tcp_max_orphans of 262144 or 3276800; tcp_mem in bytes; a
    netdev_max_backlog of 30000 or more; tcp_max_syn_backlog of 65536 or more; rmem_default or
    wmem_default of 8 MiB; tcp_max_tw_buckets of 5000, 6000, 20000, 55000 or 1440000 and such;
    tcp_keepalive_time of 30 or less; net.ipv4.route.flush; kernel.shmmax.

Why it is wrong
    It was written for Linux 2.6, for hosts with one gigabyte, by adding up advice, and is copied
    because it is there. Its lines are for clients, servers and routers at once; some are gone from
    the kernel, some do nothing, some break what others promise. What matters on this host is told
    line by line in the finding, and what breaks something now remains a finding of its own.

Instead
    Delete the file, and set what the host's role needs, with a reason for each line.

Applies to
    Files that boot reads. Where other rules have little against its lines on this kernel, nothing
    is said: the numbers may have been chosen.

Evidence
    The lines themselves; each of the rules that the finding names has its own page.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.files import Setting
from tuner.sysctl.key import Key
from tuner.sysctl.value import parse_value

_LEAST = 7


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for each file with enough of the marks; what it gathers is put in later."""
    if snapshot.boot is None:
        return
    marks: dict[str, dict[Key, Setting]] = {}
    for line in snapshot.boot.settings:
        mark = _MARKS.get(line.key)
        if mark is None or line.value is None:
            continue
        given = parse_value(line.effective or "").written
        if given and given[0] in mark:
            marks.setdefault(line.path, {}).setdefault(line.key, line)
    for lines in marks.values():
        if len(lines) >= _LEAST:
            first = min(lines.values(), key=lambda line: line.line)
            yield RULE.finding(
                f"{len(lines)} of its settings are those of the tuning file that is copied from "
                "page to page.",
                wanted="what the host's role needs, line by line with a reason",
                at=first,
            )


_ANY = range(-1 << 31, 1 << 62)
_MARKS: Mapping[Key, Container[int]] = {
    Key("net.ipv4.tcp_tw_recycle"): {1},
    Key("net.ipv4.tcp_tw_reuse"): {1},
    Key("net.ipv4.tcp_fin_timeout"): range(31),
    Key("net.ipv4.tcp_timestamps"): {0},
    Key("net.ipv4.tcp_syn_retries"): range(3),
    Key("net.ipv4.tcp_synack_retries"): range(3),
    Key("net.ipv4.tcp_max_orphans"): {262144, 327680, 3276800},
    Key("net.ipv4.tcp_mem"): range(94_500_000, 1 << 40),
    Key("net.core.netdev_max_backlog"): range(30_000, 1 << 31),
    Key("net.ipv4.tcp_max_syn_backlog"): range(65_536, 1 << 31),
    Key("net.core.rmem_default"): range(8 << 20, 1 << 31),
    Key("net.core.wmem_default"): range(8 << 20, 1 << 31),
    Key("net.ipv4.tcp_max_tw_buckets"): {
        *(5000, 6000, 7000, 8000, 10000, 20000, 36000, 55000, 1440000, 2000000),
    },
    Key("net.ipv4.tcp_keepalive_time"): range(31),
    Key("net.ipv4.route.flush"): _ANY,
    Key("kernel.shmmax"): _ANY,
}


RULE = Rule(
    id="copied-sysctl-conf",
    kind=Kind.MYTH,
    severity=Severity.NOTE,
    confidence=Confidence.LIKELY,
    sources=("the sources of the rules that it gathers",),
    doc=__doc__,
    check=check,
)
