"""The words of a difference, for every form that it is told in. Nothing here is escaped yet."""

from __future__ import annotations

from collections.abc import Iterator

from tuner.compare.difference import Cause, Difference, Move, Moved
from tuner.report._report import fold

TITLES = {Moved.APPEARED: "Appeared", Moved.FIXED: "Fixed", Moved.CHANGED: "Changed"}
SIGNS = {Moved.APPEARED: "+", Moved.FIXED: "-", Moved.CHANGED: "~"}
_NAMES = 6


def totals(difference: Difference) -> str:
    """Return how much moved, in one line."""
    parts = [f"{difference.count(moved)} {moved}" for moved in Moved]
    for number, what in (
        (len(difference.came), "came"),
        (len(difference.went), "went"),
        (len(difference.lost), "could no longer be judged"),
        (len(difference.back), "judged again"),
    ):
        if number:
            parts.append(f"{number} host{'' if number == 1 else 's'} {what}")
    return ", ".join(parts)


def what(move: Cause | Move) -> str:
    """Return rule, key and file of a finding."""
    it = move if isinstance(move, Cause) else move.finding
    place = f"in {it.file}" if it.file else ""
    return " ".join(part for part in (it.severity, it.key, it.rule, place) if part)


def details(cause: Cause) -> str:
    """Return what is different, or what the finding is."""
    if cause.moved is Moved.CHANGED:
        return " · ".join(cause.how)
    it = cause.example
    parts = [f"live {it.live or 'empty'}"] if it.live and it.live != "none" else []
    parts += [f"wanted {it.wanted}"] if it.wanted else []
    parts += [f"next boot {it.next_boot}"] if it.next_boot else []
    same = f" (on {cause.hosts[0]})" if parts and len(cause.hosts) > 1 else ""
    return " · ".join([*cause.how, *parts]) + same


def hosts(difference: Difference) -> Iterator[tuple[str, str]]:
    """Yield what became of hosts as a whole: what, and who."""
    for word, names in (
        ("came", difference.came),
        ("went", difference.went),
        ("judged again", difference.back),
    ):
        if names:
            yield word, fold_names(names)
    reasons: dict[str, list[str]] = {}
    for host, why in difference.lost.items():
        reasons.setdefault(why.replace(host, "HOST"), []).append(host)
    for why, lost in reasons.items():
        said = difference.lost[lost[0]] if len(lost) == 1 else why
        yield "could no longer be judged", f"{fold_names(tuple(lost))}: {said}"
    for rule, names in difference.blind.items():
        yield f"no longer judged by {rule}", fold_names(names)


def fold_names(names: tuple[str, ...]) -> str:
    """Return the hosts in few words."""
    folded = fold(names)
    shown = ", ".join(folded[:_NAMES]) + (", …" if len(folded) > _NAMES else "")
    return f"{shown} ({len(names)} hosts)" if len(names) > 1 else shown
