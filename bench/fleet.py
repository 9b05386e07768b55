"""A fleet of any size for reports: a few kinds of hosts, judged by the real rules, in many copies.

Nothing is left to chance: the same size gives the same fleet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from tuner.policy.resolve import load_profiles, resolve
from tuner.policy.waiver import Waiver
from tuner.report._gauges import Gauges, gauges
from tuner.report._report import Failure, HostReport, Report
from tuner.resources import folder
from tuner.rules._check import check, registry
from tuner.rules._state import key_states
from tuner.snapshot.dump import parse_dump
from tuner.snapshot.snapshot import Counters, Flow, Missing, Snapshot, Sockets
from tuner.sysctl.files import Entry, Kind
from tuner.sysctl.key import Key
from tuner.sysctl.value import Value
from tuner.sysctl.version import parse_version

_DUMP = Path(__file__).resolve().parent.parent / "tests" / "readme" / "db1.dump"
_TODAY = date(2026, 11, 1)
_SITES = ("ams", "fra", "iad", "sin")
_WIKI = """\
net.ipv4.tcp_tw_recycle = 1
net.ipv4.tcp_rfc1337 = 1
net.core.somaxconn = 1024
"""
_TW = "net.netfilter.nf_conntrack_tcp_timeout_time_wait"


@dataclass(frozen=True)
class _Kind:
    """One kind of host; ``share`` is how many of a thousand hosts are of it."""

    name: str
    share: int
    roles: tuple[str, ...]
    kernel: str = "6.1.0-28-amd64"
    os: str = "Debian GNU/Linux 12 (bookworm)"
    live: Mapping[str, str | Missing] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    unreadable: tuple[str, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    failure: Failure | None = None
    busy: bool = False


_REFUSED = Failure(
    "connect", "cannot connect to port 22: connection refused", "is sshd running there?"
)
_SILENT = Failure("timed-out", "no answer within 10 s while connecting", "try --connect-timeout 30")
_WAIVED = Waiver(
    key="net.core.somaxconn",
    reason="the listener asks for 511, whatever the cap is",
    owner="team-edge",
    until=date(2027, 3, 31),
)
_KINDS = (
    _Kind("db", 300, ("internal-server",)),
    _Kind(
        "web",
        240,
        ("public-server",),
        live={"net.core.somaxconn": "1024", "net.ipv4.tcp_rfc1337": "1"},
        files={"/etc/sysctl.d/90-tuning.conf": _WIKI},
    ),
    _Kind(
        "app",
        180,
        ("client-heavy",),
        live={"net.ipv4.ip_local_port_range": "10000 65535", "net.ipv4.tcp_tw_reuse": "1"},
        files={
            "/etc/sysctl.d/50-app.conf": "net.ipv4.ip_local_port_range = 10000 65535\n"
            "net.ipv4.tcp_tw_reuse = 1\n"
        },
        busy=True,
    ),
    _Kind(
        "app",
        90,
        ("client-heavy",),
        live={"net.ipv4.ip_local_port_range": "10000 65535", "net.ipv4.tcp_tw_reuse": "1"},
        busy=True,
    ),
    _Kind(
        "batch",
        60,
        ("client-heavy", "internal-server"),
        kernel="5.14.0-427.el9.x86_64",
        os="Red Hat Enterprise Linux 9.4 (Plow)",
        live={"net.ipv4.tcp_fin_timeout": "10", "net.ipv4.tcp_max_tw_buckets": "2000000"},
        files={
            "/etc/sysctl.d/99-sysctl.conf": "# less TIME_WAIT\nnet.ipv4.tcp_fin_timeout = 10\n"
            "net.ipv4.tcp_max_tw_buckets = 2000000\n"
        },
        busy=True,
    ),
    _Kind(
        "gw",
        30,
        ("nat-gateway",),
        live={_TW: "30", "net.ipv4.ip_forward": "1"},
        files={"/etc/sysctl.d/10-router.conf": f"net.ipv4.ip_forward = 1\n{_TW} = 30\n"},
        busy=True,
    ),
    _Kind(
        "old",
        30,
        ("public-server",),
        kernel="4.9.0-19-amd64",
        os="Debian GNU/Linux 9 (stretch)",
        live={"net.ipv4.tcp_tw_recycle": "1", "net.ipv4.tcp_timestamps": "0"},
        files={"/etc/sysctl.d/99-old.conf": "net.ipv4.tcp_tw_recycle = 1\n"},
    ),
    _Kind(
        "edge",
        30,
        ("public-server",),
        live={"net.core.somaxconn": "511"},
        files={"/etc/sysctl.d/80-edge.conf": "net.core.somaxconn = 511\n"},
        waivers=(_WAIVED,),
    ),
    _Kind("locked", 20, ("base",), unreadable=("/etc/sysctl.d/70-vendor.conf",)),
    _Kind("gone", 12, ("base",), failure=_REFUSED),
    _Kind("gone", 8, ("base",), failure=_SILENT),
)


def fleet(size: int, *, alike: bool = True) -> Report:
    """Return a report on so many hosts; ``alike`` False: no two have the same values."""
    template = parse_dump(_DUMP.read_bytes(), host="db1")
    profiles = load_profiles([folder("profiles")])
    rules = tuple(registry().values())
    hosts: list[HostReport] = []
    counts = _counts(size)
    for kind, count in zip(_KINDS, counts, strict=True):
        snapshot = _snapshot(template, kind, len(hosts))
        policy = resolve(profiles, kind.roles)
        verdict = check(snapshot, policy, rules, waivers=kind.waivers, today=_TODAY)
        keys = key_states(snapshot, policy)
        measured = gauges(snapshot)
        for number in range(1, count + 1):
            site = _SITES[number % len(_SITES)]
            name = f"{kind.name}{len(hosts) + 1:05d}.{site}.example.org"
            base = HostReport(
                name=name,
                roles=kind.roles,
                groups=(kind.name, site),
                kernel=kind.kernel if kind.failure is None else "",
                os=kind.os if kind.failure is None else "",
            )
            hosts.append(
                replace(base, failure=kind.failure)
                if kind.failure is not None
                else replace(
                    base,
                    verdict=verdict,
                    keys=keys,
                    gauges=_varied(measured, len(hosts)) if kind.busy else measured,
                )
            )
    if not alike:
        hosts = [_unlike(host, number) for number, host in enumerate(hosts)]
    return Report(
        hosts=tuple(hosts),
        version="0.1.0",
        started="2026-11-01T06:00:00Z",
        finished="2026-11-01T06:04:10Z",
        whom=("inventory.yml",),
    )


def _unlike(host: HostReport, number: int) -> HostReport:
    """Return the host with values of its own."""
    if host.verdict is None:
        return host
    value = Value((str(10_000 + number),))
    findings = tuple(replace(finding, live=value) for finding in host.verdict.findings)
    return replace(
        host,
        verdict=replace(host.verdict, findings=findings),
        keys=tuple(replace(row, live=value) for row in host.keys),
    )


def _counts(size: int) -> Sequence[int]:
    if size == 1:
        return [int(kind.name == "batch") for kind in _KINDS]
    total = sum(kind.share for kind in _KINDS)
    counts = [size * kind.share // total for kind in _KINDS]
    counts[0] += size - sum(counts)
    return counts


def _snapshot(template: Snapshot, kind: _Kind, seed: int) -> Snapshot:
    flows = tuple(_flows(seed)) if kind.busy else ()
    live: dict[Key, str | Missing] = {**template.live}
    live.update({Key(key): value for key, value in kind.live.items()})
    return replace(
        template,
        host=kind.name,
        kernel=parse_version(kind.kernel),
        system=replace(template.system, os_name=kind.os),
        live=live,
        files=(
            *(Entry(path, content=text.encode()) for path, text in kind.files.items()),
            *(Entry(path, Kind.UNREADABLE) for path in kind.unreadable),
        ),
        sockets=Sockets({"ESTAB": 900, "TIME-WAIT": 9000}, (), flows),
        counters=Counters(
            {"sockstat.TCP.tw": 9000, "conntrack.count": 61_000, "conntrack.max": 262_144},
            {"sockstat.TCP.tw": 140.0},
            1.01,
        ),
    )


def _flows(seed: int) -> Iterator[Flow]:
    for number, port in enumerate((5432, 6379, 443)):
        remote = f"10.20.{seed % 250}.{number + 10}"
        yield Flow("ESTAB", "10.1.2.3", 0, remote, port, 300 - 80 * number)
        yield Flow("TIME-WAIT", "10.1.2.3", 0, remote, port, 26_000 // (number + 1) ** 2)


def _varied(measured: Gauges, seed: int) -> Gauges:
    """Return the same measures with other numbers, as no two hosts have the same."""
    step = seed * 7919 % 9973
    share = step / 9973
    first, second = measured.time_wait or (0, 0)
    return replace(
        measured,
        destinations=tuple(
            replace(to, used=int(to.used * share) + 3, time_wait=int(to.time_wait * share))
            for to in measured.destinations
        ),
        time_wait=(int(first * share), int(second * share) + step % 90),
        conntrack=(int(61_000 * share * 4), 262_144) if measured.conntrack else None,
    )
