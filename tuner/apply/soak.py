"""The gate between batches: what hosts' counters say over some seconds before and after."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tuner.apply.gate import Sample, compare, sample
from tuner.errors import TunerError
from tuner.inventory.host import Host
from tuner.remote.collect import collect
from tuner.remote.fleet import each
from tuner.remote.session import Session


@dataclass(slots=True)
class Soak:
    """Collects twice before and twice after, ``seconds`` apart."""

    session: Session
    seconds: float
    forks: int | None
    say: Callable[[str], None]
    _first: dict[str, tuple[float, Sample]] = field(default_factory=dict)
    _before: dict[str, tuple[Sample, Sample]] = field(default_factory=dict)

    def start(self, hosts: Sequence[Host]) -> None:
        """Take the first sample; the earlier, the better what is usual is known."""
        now = time.monotonic()
        for name, (found, _) in self._samples(hosts).items():
            if found is not None:
                self._first[name] = (now, found)

    def before(self, hosts: Sequence[Host]) -> None:
        """Take the second sample of hosts that are about to be changed."""
        missing = [host for host in hosts if host.name not in self._first]
        if missing:
            self.start(missing)
        taken = [self._first[host.name][0] for host in hosts if host.name in self._first]
        if taken:
            self._wait(max(taken) + self.seconds, "before")
        for name, (found, _) in self._samples(hosts).items():
            if found is not None and name in self._first:
                self._before[name] = (self._first[name][1], found)

    def after(self, hosts: Sequence[Host]) -> Mapping[str, str]:
        """Return what has become worse on these hosts, or why one could not be looked at."""
        first = self._samples(hosts)
        self._wait(time.monotonic() + self.seconds, "after")
        second = self._samples(hosts)
        worse: dict[str, str] = {}
        for host in hosts:
            begin, why = first[host.name]
            end, why_later = second[host.name]
            if begin is None or end is None:
                worse[host.name] = f"it could not be looked at: {why or why_later}"
            elif host.name in self._before:
                found = compare(self._before[host.name], (begin, end))
                if found:
                    worse[host.name] = "; ".join(map(str, found))
        return worse

    def _samples(self, hosts: Sequence[Host]) -> dict[str, tuple[Sample | None, str]]:
        found: dict[str, tuple[Sample | None, str]] = {}
        for host, result in each(lambda host: collect(host, self.session), hosts, forks=self.forks):
            if isinstance(result, TunerError):
                found[host.name] = (None, result.message)
            else:
                counters = sample(result)
                found[host.name] = (counters, "" if counters else "it shows no counters")
        return found

    def _wait(self, until: float, when: str) -> None:
        left = until - time.monotonic()
        if left > 0:
            self.say(f"watching counters {when} the change for {left:.0f} s")
            time.sleep(left)
