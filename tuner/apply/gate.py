"""Whether hosts are worse off after a change: counters of trouble, as rates, before and after."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tuner.snapshot.snapshot import Snapshot

_FEWEST = 10  # events after the change, below which nothing is concluded
_FACTOR = 2.0  # times as many as expected
_SIGMAS = 4.0  # of a Poisson count with the expected mean; one in 30 000 passes it by chance


@dataclass(frozen=True, slots=True)
class Sign:
    """Counters that grow with one kind of trouble, and those that say how much there was to do."""

    name: str
    counters: tuple[str, ...]
    load: tuple[str, ...] = ()


SIGNS = (
    Sign("retransmissions", ("Tcp.RetransSegs",), ("Tcp.OutSegs",)),
    Sign(
        "resets",
        ("Tcp.EstabResets", "Tcp.OutRsts"),
        ("Tcp.ActiveOpens", "Tcp.PassiveOpens"),
    ),
    Sign("failed connects", ("Tcp.AttemptFails",), ("Tcp.ActiveOpens",)),
    Sign(
        "listen drops",
        ("TcpExt.ListenDrops", "TcpExt.TCPReqQFullDrop"),
        ("Tcp.PassiveOpens",),
    ),
    Sign(
        "conntrack failures",
        ("conntrack.insert_failed", "conntrack.drop", "conntrack.early_drop"),
    ),
    Sign("TIME_WAIT overflow", ("TcpExt.TCPTimeWaitOverflow",)),
    Sign(
        "PAWS rejections",
        (
            "TcpExt.PAWSActive",
            "TcpExt.PAWSPassive",
            "TcpExt.PAWSEstab",
            "TcpExt.PAWSTimewait",
            "TcpExt.PAWSOldAck",
        ),
        ("Tcp.InSegs",),
    ),
)
"""What is compared. Names are those of /proc/net/snmp and netstat; releases differ in PAWS's."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Counters at one moment; ``at`` is the host's uptime in seconds."""

    at: float
    totals: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Worse:
    """One sign that has become worse; rates are per second."""

    sign: str
    before: float
    after: float

    def __str__(self) -> str:
        return f"{self.sign} {self.before:.3g}/s → {self.after:.3g}/s"


def sample(snapshot: Snapshot) -> Sample | None:
    """Return the counters of a snapshot, None where it has none."""
    if snapshot.counters is None or snapshot.system.uptime <= 0:
        return None
    return Sample(snapshot.system.uptime, snapshot.counters.totals)


def compare(before: tuple[Sample, Sample], after: tuple[Sample, Sample]) -> tuple[Worse, ...]:
    """Return the signs that have become worse.

    A sign is worse when it came at least ten times after the change, twice as often as the time
    before lets expect, and more often than chance explains. Where there was more to do, more is
    expected; where there was less, not less, since trouble itself makes hosts do less.
    """
    found = []
    spans = (before[1].at - before[0].at, after[1].at - after[0].at)
    if min(spans) <= 0:
        return ()
    for sign in SIGNS:
        was, now = _growth(sign.counters, before), _growth(sign.counters, after)
        busier = 1.0
        if sign.load:
            load = _growth(sign.load, before) / spans[0]
            busier = max(1.0, _growth(sign.load, after) / spans[1] / load) if load > 0 else 1.0
        expected = was / spans[0] * spans[1] * busier
        unlikely = expected + _SIGMAS * math.sqrt(expected + 1)
        if now >= _FEWEST and now > _FACTOR * expected and now > unlikely:
            found.append(Worse(sign.name, was / spans[0], now / spans[1]))
    return tuple(found)


def _growth(names: Sequence[str], samples: tuple[Sample, Sample]) -> int:
    """Return by how much the counters grew together; one that is missing or was reset counts 0."""
    first, second = samples
    return sum(
        max(0, second.totals[name] - first.totals[name])
        for name in names
        if name in first.totals and name in second.totals
    )
