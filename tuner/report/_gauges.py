"""The few measures of a host that people would rather look at than read."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

from tuner.errors import Unreadable
from tuner.rules._formulas import usable_ports
from tuner.rules._values import port_range, reserved_ports
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

_MOST = 5  # destinations that are shown
_TIME_WAIT = "sockstat.TCP.tw"
_TW_BUCKETS = Key("net.ipv4.tcp_max_tw_buckets")


@dataclass(frozen=True, slots=True)
class Destination:
    """Local ports that connections from one address to one destination hold."""

    local: str
    remote: str
    port: int
    used: int  # ESTAB and TIME-WAIT together
    time_wait: int


@dataclass(frozen=True, slots=True)
class Gauges:
    """Ports in use per destination, TIME_WAIT over the two samples, conntrack's fill.

    None stands for what the source does not know. ``usable`` are the ports that connect() can
    choose from towards one destination; ``seconds`` lie between the two samples.
    """

    usable: int | None = None
    destinations: tuple[Destination, ...] = ()  # the busiest, those first
    time_wait: tuple[int, int] | None = None  # first and second sample
    time_wait_limit: int | None = None
    seconds: float = 0.0
    conntrack: tuple[int, int] | None = None  # entries and how many there may be

    @property
    def empty(self) -> bool:
        """Whether there is nothing to look at."""
        return not self.destinations and self.time_wait is None and self.conntrack is None


def gauges(snapshot: Snapshot) -> Gauges:
    """Return the measures that the snapshot has."""
    counters = snapshot.counters
    time_wait = conntrack = None
    if counters is not None:
        now, rate = counters.totals.get(_TIME_WAIT), counters.rates.get(_TIME_WAIT)
        if now is not None and rate is not None:
            time_wait = (round(now - rate * counters.seconds), now)
        entries, most = (counters.totals.get(f"conntrack.{name}") for name in ("count", "max"))
        if entries is not None and most:
            conntrack = (entries, most)
    return Gauges(
        usable=_usable(snapshot),
        destinations=_destinations(snapshot),
        time_wait=time_wait,
        time_wait_limit=_limit(snapshot),
        seconds=round(counters.seconds, 2) if counters is not None and time_wait else 0.0,
        conntrack=conntrack,
    )


def _usable(snapshot: Snapshot) -> int | None:
    try:
        limits = port_range(snapshot)
        return usable_ports(*limits, reserved_ports(snapshot)) if limits else None
    except Unreadable:
        return None


def _limit(snapshot: Snapshot) -> int | None:
    try:
        limit = snapshot.number(_TW_BUCKETS)
    except Unreadable:
        return None
    return limit if limit is not None and limit >= 0 else None  # negative: without a limit


def _destinations(snapshot: Snapshot) -> tuple[Destination, ...]:
    if snapshot.sockets is None or snapshot.sockets.truncated:
        return ()
    used = [
        (-sum(states.values()), where, states.get("TIME-WAIT", 0))
        for where, states in snapshot.sockets.destinations.items()
    ]
    return tuple(
        Destination(*where, -negative, waiting)
        for negative, where, waiting in heapq.nsmallest(_MOST, used)
    )
