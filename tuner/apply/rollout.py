"""In which order hosts are changed, how many at a time, and when to stop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from tuner.apply.outcome import Ending, Outcome
from tuner.errors import TunerError, UsageError
from tuner.inventory.host import Host
from tuner.remote.fleet import each

_BAD = frozenset({Ending.REVERTED, Ending.FAILED})

Result = Outcome | TunerError


@dataclass(frozen=True, slots=True)
class Size:
    """A number of hosts, or a share of all of them."""

    number: int
    percent: bool = False

    def of(self, total: int) -> int:
        """Return how many hosts of ``total`` that is; of a share, at least one."""
        return max(1, total * self.number // 100) if self.percent else self.number

    def allows(self, total: int) -> int:
        """Return how many failures of ``total`` hosts that allows; a share is rounded down."""
        return total * self.number // 100 if self.percent else self.number


def parse_size(text: str, *, flag: str, least: int = 1) -> Size:
    """Return the size that a person wrote: ``3`` or ``10%``.

    Raises:
        UsageError: it is neither.
    """
    number = text.strip().removesuffix("%")
    percent = text.strip().endswith("%")
    if not (number.isascii() and number.isdigit() and len(number) < 7 and int(number) >= least):  # noqa: PLR2004
        raise UsageError(f"{flag}: {text!r} is no number of hosts", hint="as in 3, or 10%")
    if percent and int(number) > 100:  # noqa: PLR2004 - per cent
        raise UsageError(f"{flag}: {text} is more than all hosts", hint="100% at most")
    return Size(int(number), percent)


@dataclass(frozen=True, slots=True)
class Strategy:
    """How a run goes about its hosts. ``serial`` empty: all at once; its last size repeats."""

    serial: tuple[Size, ...] = ()
    max_fail: Size = Size(0)
    forks: int | None = None


class Gate(Protocol):
    """Looks at hosts before and after they are changed."""

    def before(self, hosts: Sequence[Host]) -> None:
        """Look at hosts that are about to be changed."""
        ...

    def after(self, hosts: Sequence[Host]) -> Mapping[str, str]:
        """Return why a host must be put back, by the names of those that must."""
        ...


def batches(hosts: Sequence[Host], strategy: Strategy) -> list[list[Host]]:
    """Return the hosts in the order in which they are changed, batch by batch.

    With sizes, the first batch has that many of every combination of roles: canaries.
    """
    total = len(hosts)
    if not strategy.serial:
        return [list(hosts)] if hosts else []
    sizes = list(strategy.serial)
    first = sizes.pop(0).of(total) if len(sizes) > 1 else sizes[0].of(total)
    seen: dict[tuple[str, ...], int] = {}
    canaries: list[Host] = []
    rest: list[Host] = []
    for host in hosts:
        seen[host.roles] = seen.get(host.roles, 0) + 1
        (canaries if seen[host.roles] <= first else rest).append(host)
    found = [canaries]
    while rest:
        size = (sizes.pop(0) if len(sizes) > 1 else sizes[0]).of(total)
        found.append(rest[:size])
        rest = rest[size:]
    return [batch for batch in found if batch]


@dataclass(slots=True)
class Rollout:
    """One run over many hosts. ``stopped`` says why it went no further, once it has."""

    act: Callable[[Host], Outcome]
    put_back: Callable[[Host, str], Outcome]
    gate: Gate | None
    halt: Callable[[], bool]  # whether somebody asked to stop after the batch
    say: Callable[[str], None]
    stopped: str = ""

    def run(
        self, plan: Sequence[Sequence[Host]], strategy: Strategy, *, total: int, failures: int = 0
    ) -> Iterator[tuple[Host, Result]]:
        """Yield every host with its end, batch after batch; those never begun are not yielded.

        Args:
            plan: the batches.
            strategy: when to stop.
            total: the hosts of the whole run, of which a share may fail.
            failures: hosts that have failed before the first batch.
        """
        allowed = strategy.max_fail.allows(total)
        for number, batch in enumerate(plan, start=1):
            if not self.stopped and failures > allowed:
                self.stopped = f"{failures} failed, and --max-fail allows {allowed}"
            if not self.stopped and self.halt():
                self.stopped = "interrupted"
            if self.stopped:
                return
            if len(plan) > 1:
                self.say(f"batch {number} of {len(plan)}: {', '.join(host.name for host in batch)}")
            for host, result in self._batch(batch, strategy):
                failures += isinstance(result, TunerError) or result.ending in _BAD
                yield host, result

    def _batch(self, batch: Sequence[Host], strategy: Strategy) -> Iterator[tuple[Host, Result]]:
        if self.gate is not None:
            self.gate.before(batch)
        confirmed: dict[str, tuple[Host, Outcome]] = {}
        for host, result in each(self.act, batch, forks=strategy.forks):
            if isinstance(result, Outcome) and result.ending is Ending.CONFIRMED:
                confirmed[host.name] = (host, result)
            else:
                yield host, result
        worse: Mapping[str, str] = {}
        if self.gate is not None and confirmed:
            worse = self.gate.after([host for host, _ in confirmed.values()])
        for name, (host, result) in confirmed.items():
            if name not in worse:
                yield host, result
        if worse:
            self.stopped = f"worse after the change: {', '.join(worse)}"
            back = [confirmed[name][0] for name in worse]
            yield from each(
                lambda host: self.put_back(host, worse[host.name]), back, forks=strategy.forks
            )
