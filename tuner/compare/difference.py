"""What moved between two reports, by host and by cause."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tuner.compare.past import PastFinding, PastHost, PastReport
from tuner.policy.policy import Severity

_RANKS = {str(severity): severity for severity in Severity}


class Moved(StrEnum):
    """How a finding moved."""

    APPEARED = "appeared"
    FIXED = "fixed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Move:
    """One finding of one host that moved. ``how`` says in words what is different."""

    moved: Moved
    finding: PastFinding  # as it is now; as it was, where it is fixed
    how: tuple[str, ...] = ()
    worse: bool = False  # more severe than before

    @property
    def counts(self) -> bool:
        """Whether this is something new that a run may fail for."""
        return self.finding.status == "open" and (self.moved is Moved.APPEARED or self.worse)


@dataclass(frozen=True, slots=True)
class Cause:
    """The same move on several hosts: same rule, same key, same file."""

    moved: Moved
    rule: str
    key: str | None
    file: str
    severity: str
    status: str
    how: tuple[str, ...]
    hosts: tuple[str, ...]
    example: PastFinding = field(compare=False)


@dataclass(frozen=True, slots=True)
class Difference:
    """Everything that moved from one report to the next."""

    old: PastReport
    new: PastReport
    moves: Mapping[str, tuple[Move, ...]]  # by host
    came: tuple[str, ...] = ()  # hosts that only the new report has
    went: tuple[str, ...] = ()
    lost: Mapping[str, str] = field(default_factory=dict)  # no longer judged: host → why
    back: tuple[str, ...] = ()  # judged again
    blind: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # rule → hosts it lost

    @property
    def empty(self) -> bool:
        """Whether nothing moved at all."""
        return not (self.moves or self.came or self.went or self.lost or self.back or self.blind)

    @property
    def incomplete(self) -> bool:
        """Whether a host or a rule that was judged before no longer is."""
        return bool(self.lost or self.blind)

    def fails(self, threshold: Severity | None) -> bool:
        """Tell whether something new is at or above a severity; None: nothing ever is."""
        return threshold is not None and any(
            move.counts and _RANKS[move.finding.severity] >= threshold
            for moves in self.moves.values()
            for move in moves
        )

    def count(self, moved: Moved) -> int:
        """Return how many findings moved so."""
        return sum(move.moved is moved for moves in self.moves.values() for move in moves)

    def causes(self) -> list[Cause]:
        """Return the moves by what caused them: new ones first, the worst first."""
        alike: dict[tuple[object, ...], tuple[Move, list[str]]] = {}
        for host, moves in self.moves.items():
            for move in moves:
                it = move.finding
                like = (move.moved, it.rule, it.key, it.file, it.severity, it.status, move.how)
                alike.setdefault(like, (move, []))[1].append(host)
        causes = [
            Cause(
                move.moved,
                move.finding.rule,
                move.finding.key,
                move.finding.file,
                move.finding.severity,
                move.finding.status,
                move.how,
                tuple(hosts),
                move.finding,
            )
            for move, hosts in alike.values()
        ]
        order = list(Moved)
        return sorted(
            causes,
            key=lambda cause: (
                order.index(cause.moved),
                -_RANKS[cause.severity],
                -len(cause.hosts),
                cause.rule,
                cause.key or "",
                cause.file,
                cause.hosts[0],
            ),
        )


def compare(old: PastReport, new: PastReport) -> Difference:
    """Return what moved. Hosts keep the order of the new report."""
    moves: dict[str, tuple[Move, ...]] = {}
    lost: dict[str, str] = {}
    back: list[str] = []
    blind: dict[str, list[str]] = {}
    for name, now in new.hosts.items():
        then = old.hosts.get(name)
        if then is not None and now.error:
            if not then.error:
                lost[name] = now.error
            continue
        if then is not None and then.error:
            back.append(name)
            then = None
        found = tuple(_moves(then or PastHost(), now))
        if found:
            moves[name] = found
        if then is not None:
            for rule in sorted(now.unjudged - then.unjudged):
                blind.setdefault(rule, []).append(name)
    return Difference(
        old,
        new,
        moves,
        came=tuple(name for name in new.hosts if name not in old.hosts),
        went=tuple(name for name in old.hosts if name not in new.hosts),
        lost=lost,
        back=tuple(back),
        blind={rule: tuple(hosts) for rule, hosts in sorted(blind.items())},
    )


def _moves(then: PastHost, now: PastHost) -> Iterator[Move]:
    before, after = _by_name(then.findings), _by_name(now.findings)
    for name in sorted({*before, *after}, key=lambda it: (it[0], it[1] or "")):
        yield from _paired(before.get(name, []), after.get(name, []), now.unjudged)


def _by_name(findings: Iterable[PastFinding]) -> dict[tuple[str, str | None], list[PastFinding]]:
    found: dict[tuple[str, str | None], list[PastFinding]] = {}
    for finding in findings:
        found.setdefault((finding.rule, finding.key), []).append(finding)
    return found


def _paired(
    before: list[PastFinding], after: list[PastFinding], unjudged: frozenset[str]
) -> Iterator[Move]:
    """Yield the moves of one rule and key: those in the same file belong together first."""
    before, after = list(before), list(after)
    pairs: list[tuple[PastFinding, PastFinding]] = []
    for same in (lambda one, two: one == two, lambda one, two: one.file == two.file, _any):
        for finding in list(after):
            match = next((it for it in before if same(it, finding)), None)
            if match is not None:
                before.remove(match)
                after.remove(finding)
                pairs.append((match, finding))
    for was, now in pairs:
        if was == now:
            continue
        how = tuple(_how(was, now))
        worse = _RANKS[now.severity] > _RANKS[was.severity]
        reopened = now.status == "open" and was.status != "open"
        yield Move(Moved.APPEARED if reopened else Moved.CHANGED, now, how, worse)
    for finding in after:
        yield Move(Moved.APPEARED, finding)
    for finding in before:
        if finding.rule not in unjudged:  # else nobody can tell
            yield Move(Moved.FIXED, finding)


def _any(_one: PastFinding, _two: PastFinding) -> bool:
    return True


def _how(was: PastFinding, now: PastFinding) -> Iterator[str]:
    if was.status != now.status:
        yield f"was {was.status}" if now.status == "open" else f"now {now.status}"
    for name in ("severity", "live", "wanted", "next_boot", "file"):
        one, two = getattr(was, name), getattr(now, name)
        if one != two:
            yield f"{name.replace('_', ' ')} {one or 'none'} → {two or 'none'}"
