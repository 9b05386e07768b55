"""How counters grow: now, between the probe's two samples, and on average since boot."""

from __future__ import annotations

from dataclasses import dataclass

from tuner.snapshot.snapshot import Snapshot

_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Growth:
    """One kind of event: how many since boot, per second now, per hour since boot."""

    total: int
    per_second: float
    per_hour: float

    @property
    def now(self) -> bool:
        """Whether it happened between the two samples."""
        return self.per_second > 0

    @property
    def words(self) -> str:
        """How often, as a finding says it."""
        if self.now:
            return f"{self.total:,} since boot, {self.per_second:,.0f} a second now"
        return f"{self.total:,} since boot, {self.per_hour:,.0f} an hour on average"

    def often(self, an_hour: float) -> bool:
        """Tell whether it happens now, or since boot more often than that in an hour."""
        return self.now or (self.total > 0 and self.per_hour >= an_hour)


def growth(snapshot: Snapshot, *names: str) -> Growth:
    """Return the growth of the counters together.

    A counter that the kernel does not have counts as 0. Without a clock the average is 0.

    Raises:
        Unreadable: the source has no counters.
    """
    counters = snapshot.require_counters()
    total = sum(max(counters.totals.get(name, 0), 0) for name in names)
    per_second = sum(max(counters.rates.get(name, 0.0), 0.0) for name in names)
    uptime = snapshot.system.uptime
    # A host that booted a minute ago has not had an hour's share yet.
    return Growth(total, per_second, _HOUR * total / max(uptime, _HOUR) if uptime else 0.0)


def level(snapshot: Snapshot, name: str) -> int | None:
    """Return a counter that is a level, such as ``sockstat.TCP.orphan``; None where it is not.

    Raises:
        Unreadable: the source has no counters.
    """
    return snapshot.require_counters().totals.get(name)


def events(snapshot: Snapshot, *names: str) -> int:
    """Return how often it happened since boot, 0 where the source has no counters."""
    if snapshot.counters is None:
        return 0
    return sum(max(snapshot.counters.totals.get(name, 0), 0) for name in names)
