"""Plans for people: hosts with one and the same plan together, values first, then lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from tuner.plan.movement import Movement, move
from tuner.plan.plan import Change, Left, Plan
from tuner.plan.unified import unified
from tuner.report._clean import clean
from tuner.report._report import Failure, fold
from tuner.report.text import print_hint

_INDENT = 2
_BODY = 6
_NAMES = 6  # how many host names, ranges or rules a line shows
_LONGEST_LINE = 2000
_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


@dataclass(frozen=True, slots=True)
class HostPlan:
    """One host: its plan, or why there is none. ``unjudged``: rules that could not judge."""

    name: str
    roles: tuple[str, ...] = ()
    plan: Plan | None = None
    failure: Failure | None = None
    unjudged: int = 0

    @property
    def incomplete(self) -> bool:
        """Whether the plan is missing, or rests on less than everything."""
        return self.plan is None or self.unjudged > 0


@dataclass(frozen=True, slots=True)
class Shown:
    """Which of the two diffs are printed."""

    values: bool = True
    lines: bool = True


def print_plans(
    hosts: Sequence[HostPlan], console: Console, shown: Shown, *, interrupted: bool = False
) -> None:
    """Print what is to be done, grouped where hosts are alike, and the recap."""
    groups = _groups(hosts)
    for members in groups:
        plan = members[0].plan
        if plan is not None and (not plan.empty or plan.left or plan.cannot_win):
            _print_group(members, plan, console, shown)
    failed = [members for members in groups if members[0].plan is None]
    if failed:
        console.print(Text("NOT PLANNED", style="bold"))
        for members in failed:
            _print_failure(members, console)
        console.print()
    _print_recap(groups, console)
    if interrupted:
        console.print(Text("interrupted: hosts that had not answered have no plan"))


def _groups(hosts: Sequence[HostPlan]) -> list[list[HostPlan]]:
    """Return the hosts whose plans do the same together, those with most to do first."""
    alike: dict[object, list[HostPlan]] = {}
    for host in hosts:
        alike.setdefault(_likeness(host), []).append(host)
    return sorted(alike.values(), key=_rank)


def _likeness(host: HostPlan) -> object:
    plan = host.plan
    if plan is None:
        failure = host.failure or Failure("", "")
        return failure.likeness(host.name)
    return (host.roles, plan.changes, plan.files, plan.left, plan.cannot_win, host.unjudged)


def _rank(members: Sequence[HostPlan]) -> tuple[int, int, str]:
    plan = members[0].plan
    work = -1 if plan is None else len(plan.changes) + len(plan.files)
    return (-work, -len(members), members[0].name)


def _print_group(members: Sequence[HostPlan], plan: Plan, console: Console, shown: Shown) -> None:
    heading = Text.assemble((_names(members), "bold"))
    heading.append(f"  {clean(', '.join(plan.roles))}", style="dim")
    heading.append(f"  {_tally(plan)}")
    console.print(heading)
    if shown.values:
        for change in plan.changes:
            _print_change(change, move(change), console)
    if shown.lines:
        for line in unified(plan):
            _print_line(line, console)
    _print_left("left", [entry for entry in plan.left if not entry.unjudged], console)
    _print_unknown([entry for entry in plan.left if entry.unjudged], console)
    _print_left("cannot win", plan.cannot_win, console)
    console.print()


def _print_change(change: Change, movement: Movement, console: Console) -> None:
    line = Text("~ ", style="yellow").append(clean(movement.text), style="bold")
    _write(console, line)
    facts = [", ".join(change.because), _when(movement, change)]
    if not change.safe:
        facts.append("unsafe")
    if not change.restorable:
        facts.append("cannot be put back")
    _write(console, Text(" · ".join(clean(fact) for fact in facts), style="dim"), _BODY)


def _when(movement: Movement, change: Change) -> str:
    if change.write:
        return "live and at boot" if movement.next_boot else "live"
    return "at boot; live already so"


def _print_line(line: str, console: Console) -> None:
    style = "bold" if line.startswith(("diff ", "---", "+++")) else _COLOURS.get(line[:1], "")
    text = Text(clean(line, longest=_LONGEST_LINE), style=style)
    console.print(text, no_wrap=True, crop=False, overflow="ignore", soft_wrap=True)


def _print_left(word: str, entries: Sequence[Left], console: Console) -> None:
    for reason, about in _by_reason(entries).items():
        line = Text.assemble((f"{word}  ", "magenta"), (clean(about, longest=600), "bold"))
        _write(console, line)
        _write(console, Text(clean(reason, longest=600)), _BODY)


def _print_unknown(entries: Sequence[Left], console: Console) -> None:
    """Say in two lines how many rules could not judge; the audit has a line for each."""
    if entries:
        rules = _plural(len({entry.rule for entry in entries}), "rule")
        reasons = [clean(reason) for reason in dict.fromkeys(entry.reason for entry in entries)]
        _write(
            console, Text.assemble(("unknown  ", "magenta"), f"{rules} could not judge this host")
        )
        _write(console, Text(f"{_few(reasons, 2)} (tuner audit)"), _BODY)


def _by_reason(entries: Sequence[Left]) -> Mapping[str, str]:
    """Return each reason with everything that it holds for."""
    found: dict[str, list[str]] = {}
    for entry in entries:
        name = f"{entry.key} ({entry.rule})" if entry.key and entry.rule else entry.key
        found.setdefault(entry.reason, []).append(name or entry.rule)
    return {reason: _few(names) for reason, names in found.items()}


def _few(names: Sequence[str], most: int = _NAMES) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def _print_failure(members: Sequence[HostPlan], console: Console) -> None:
    failure = members[0].failure or Failure("unknown", "")
    _write(console, Text.assemble((_names(members), "bold"), "  ", (failure.kind, "red")))
    if failure.message:
        _write(console, Text(clean(failure.message, longest=600)), _BODY)
    if failure.hint:
        print_hint(failure.hint, console, _BODY)


def _print_recap(groups: Sequence[Sequence[HostPlan]], console: Console) -> None:
    console.print(Text("RECAP", style="bold"))
    names = [_names(members) for members in groups]
    widest = min(max(map(len, names), default=0), max(20, console.width - 60))
    for members, name in zip(groups, names, strict=True):
        line = Text(f"{name:<{widest}} : ").append_text(_counts(members[0]))
        _write(console, line)
    console.print(Text(_total([host for members in groups for host in members]), style="bold"))


def _counts(host: HostPlan) -> Text:
    plan = host.plan
    if plan is None:
        return Text("no plan", style="red")
    line = Text()
    for word, number, style in (
        ("live", len(plan.writes), "yellow"),
        ("files", len(plan.files), "yellow"),
        ("left", sum(not entry.unjudged for entry in plan.left), ""),
        ("cannot-win", len(plan.cannot_win), "magenta"),
        ("unknown", host.unjudged, "magenta"),
    ):
        line.append(f"{word}={number}", style=style if number else "dim")
        line.append("  ")
    line.rstrip()
    return line


def _total(hosts: Sequence[HostPlan]) -> str:
    counts = {
        "to change": sum(host.plan is not None and not host.plan.empty for host in hosts),
        "with nothing to do": sum(host.plan is not None and host.plan.empty for host in hosts),
        "without a plan": sum(host.plan is None for host in hosts),
    }
    said = ", ".join(f"{number} {word}" for word, number in counts.items())
    return f"{_plural(len(hosts), 'host')}: {said}"


def _tally(plan: Plan) -> str:
    return ", ".join(_parts(plan)) or "nothing to do"


def _parts(plan: Plan) -> Iterator[str]:
    if plan.changes:
        yield _plural(len(plan.changes), "value")
    if plan.files:
        yield _plural(len(plan.files), "file")


def _names(members: Sequence[HostPlan]) -> str:
    folded = [clean(name) for name in fold([host.name for host in members])]
    shown = ", ".join(folded[:_NAMES]) + (", …" if len(folded) > _NAMES else "")
    return f"{shown} ({len(members)} hosts)" if len(members) > 1 else shown


def _write(console: Console, text: Text, indent: int = _INDENT) -> None:
    for line in text.wrap(console, max(console.width - indent, 10)):
        line.rstrip()
        console.print(Text(" " * indent).append_text(line), no_wrap=True, crop=False)


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
