"""The checklist of a fleet: one section a set of roles, hosts that answer alike together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tuner.checklist.answer import Answer, Standing
from tuner.checklist.item import Item
from tuner.checklist.ticket import Ticket

_WORST = (
    Standing.AGAINST,
    Standing.CONTRADICTED,
    Standing.EXPIRED,
    Standing.OPEN,
    Standing.UNSEEN,
    Standing.WAITING,
    Standing.ANSWERED,
    Standing.MOOT,
)


@dataclass(frozen=True, slots=True)
class HostAnswers:
    """One host's answers. ``failure``: why it could not be asked, empty where it was."""

    name: str
    roles: tuple[str, ...] = ()
    kernel: str = ""
    os: str = ""
    answers: tuple[Answer, ...] = ()
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Hosts that have the same answer to one question."""

    answer: Answer
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One question and everything that was said to it, the worst first."""

    item: Item
    groups: tuple[Group, ...]

    @property
    def standing(self) -> Standing:
        """Where the question stands for the worst of its hosts."""
        return self.groups[0].answer.standing


@dataclass(frozen=True, slots=True)
class Section:
    """The questions of hosts that have the same roles."""

    roles: tuple[str, ...]
    hosts: tuple[HostAnswers, ...]
    lines: tuple[Line, ...]

    def concerns(self) -> Iterator[tuple[str, tuple[Line, ...]]]:
        """Yield each concern with its lines."""
        names = dict.fromkeys(line.item.concern for line in self.lines)
        for name in names:
            yield name, tuple(line for line in self.lines if line.item.concern == name)


@dataclass(frozen=True)
class Checklist:
    """Everything that is to be known before a deployment. ``made`` is RFC 3339, UTC."""

    sections: tuple[Section, ...]
    version: str
    made: str
    inventory: str = ""
    attestations: str = ""  # the file they are in
    ticket: Ticket | None = None
    unchecked: tuple[str, ...] = ()  # hosts of the plan that this checklist leaves out
    interrupted: bool = False
    counts: Mapping[Standing, int] = field(init=False)

    def __post_init__(self) -> None:
        counted = Counter(line.standing for section in self.sections for line in section.lines)
        object.__setattr__(self, "counts", {it: counted.get(it, 0) for it in Standing})

    @property
    def hosts(self) -> tuple[HostAnswers, ...]:
        """Every host, in the order of the sections."""
        return tuple(host for section in self.sections for host in section.hosts)

    def left(self) -> list[tuple[Item, Standing, tuple[str, ...]]]:
        """Return what can be done now: questions with their hosts, the worst first."""
        found: dict[str, tuple[Item, Standing, tuple[str, ...]]] = {}
        for line in (line for section in self.sections for line in section.lines):
            for group in line.groups:
                standing = group.answer.standing
                if standing.settled or standing is Standing.WAITING:
                    continue
                item, worst, hosts = found.get(line.item.id, (line.item, standing, ()))
                worst = min(worst, standing, key=_WORST.index)
                found[item.id] = (item, worst, (*hosts, *group.hosts))
        return sorted(found.values(), key=lambda it: _WORST.index(it[1]))

    @property
    def incomplete(self) -> bool:
        """Whether some host could not be asked, or was to answer and could not."""
        return bool(
            self.unchecked
            or (self.ticket and self.ticket.unplanned)
            or self.counts[Standing.UNSEEN]
            or any(host.failure for host in self.hosts)
            or any(
                group.answer.standing is Standing.UNSEEN
                for section in self.sections
                for line in section.lines
                for group in line.groups
            )
        )

    @property
    def settled(self) -> bool:
        """Whether every question is answered and no answer is against."""
        return all(
            group.answer.standing.settled
            for section in self.sections
            for line in section.lines
            for group in line.groups
        )


def sections(hosts: Iterable[HostAnswers], items: Sequence[Item]) -> tuple[Section, ...]:
    """Return the hosts by their roles, with one line for every question that concerns them."""
    by_roles: dict[tuple[str, ...], list[HostAnswers]] = {}
    for host in hosts:
        by_roles.setdefault(host.roles, []).append(host)
    return tuple(
        Section(roles, tuple(members), _lines(members, items))
        for roles, members in sorted(by_roles.items())
    )


def _lines(hosts: Sequence[HostAnswers], items: Sequence[Item]) -> tuple[Line, ...]:
    alike: dict[str, dict[Answer, list[str]]] = {}
    for host in hosts:
        for answer in host.answers:
            alike.setdefault(answer.item, {}).setdefault(answer, []).append(host.name)
    lines = []
    for item in items:
        groups = [Group(it, tuple(names)) for it, names in alike.get(item.id, {}).items()]
        if groups:
            groups.sort(key=lambda group: (_WORST.index(group.answer.standing), group.hosts[0]))
            lines.append(Line(item, tuple(groups)))
    return tuple(lines)
