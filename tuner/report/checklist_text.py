"""The checklist as a text that is readable alone: what is left to do first, then everything."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from tuner.checklist.answer import Standing
from tuner.checklist.checklist import Checklist, Group, Line, Section
from tuner.checklist.item import Item
from tuner.report import _checklist as words
from tuner.report._clean import clean

_STYLES = {
    Standing.ANSWERED: "green",
    Standing.AGAINST: "bold red",
    Standing.OPEN: "yellow",
    Standing.EXPIRED: "yellow",
    Standing.CONTRADICTED: "yellow",
    Standing.UNSEEN: "magenta",
    Standing.WAITING: "dim",
    Standing.MOOT: "dim",
}
_LONGEST = 2000
_MANY = 1 << 20  # a list of hosts is never cut
_BODY = 6
_LABEL = 10
_BLANK = "_" * 28


def print_checklist(checklist: Checklist, console: Console) -> None:
    """Print the whole document."""
    console.print(Text(words.title(checklist).upper(), style="bold"))
    _write(console, words.origin(checklist), 0)
    _write(console, words.LEGEND, 0)
    console.print()
    style = "bold green" if words.outcome(checklist).startswith("READY") else "bold red"
    _write(console, words.outcome(checklist), 0, style)
    _write(console, words.totals(checklist), 0)
    console.print()
    if checklist.ticket is not None:
        _print_change(checklist, console)
    _print_left(checklist, console)
    for section in checklist.sections:
        _print_section(section, checklist, console)
    if checklist.ticket is not None:
        _print_signatures(console)


def _print_left(checklist: Checklist, console: Console) -> None:
    left = checklist.left()
    if not left:
        return
    console.print(Text("LEFT TO DO", style="bold"))
    for item, standing, hosts in left:
        who = words.names(hosts)
        told = f"{words.MARKS[standing]} {item.id}, {standing} for {who}: {item.question}"
        _write(console, told, 2, hang=4)
    console.print()


def _print_section(section: Section, checklist: Checklist, console: Console) -> None:
    heading = f"{', '.join(section.roles)}: {words.plural(len(section.hosts), 'host')}"
    console.print(Text(clean(heading.upper(), longest=_LONGEST), style="bold"))
    for who, what in words.machines(section):
        _write(console, f"{who}: {what}" if what else who, 2, hang=2, longest=_MANY)
    console.print()
    for concern, lines in section.concerns():
        _write(console, concern, 2, "bold")
        for line in lines:
            _print_line(line, section, checklist, console)
        console.print()


def _print_line(line: Line, section: Section, checklist: Checklist, console: Console) -> None:
    item = line.item
    mark = words.MARKS[line.standing]
    _write(console, f"{mark} {item.id}: {item.question}", 2, _STYLES[line.standing], hang=4)
    whole = len(line.groups) == 1
    for group in line.groups:
        told = words.said(group.answer)
        _write(console, told if whole else f"{words.names(group.hosts)}: {told}", _BODY, hang=2)
        for evidence in group.answer.evidence:
            _write(console, f"- {evidence}", _BODY + 2, hang=2)
        if group.answer.note:
            _write(console, f"note: {group.answer.note}", _BODY + 2, hang=2)
    todo = [
        group
        for group in line.groups
        if not group.answer.standing.settled and group.answer.standing is not Standing.WAITING
    ]
    if todo:
        _print_help(item, todo, section, checklist, console)


def _print_help(
    item: Item, todo: list[Group], section: Section, checklist: Checklist, console: Console
) -> None:
    _label(console, "Why", item.why)
    standings = {group.answer.standing for group in todo}
    if Standing.AGAINST in standings and item.instead:
        _label(console, "Instead", item.instead)
    waiting = [group for group in todo if group.answer.standing.open]
    if waiting:
        name = "Find out"
        for way in item.find_out:
            _label(console, name, way.how)
            if way.run:
                _command(console, "", way.run)
            name = ""
        _label(console, "Answers", words.choices(item))
        for group in waiting:
            _command(console, "Answer by", words.command(item, group, section, checklist))
    _label(console, "Sources", "; ".join(item.sources))


def _print_change(checklist: Checklist, console: Console) -> None:
    ticket = checklist.ticket
    if ticket is None:
        return
    console.print(Text("THE CHANGE", style="bold"))
    _label(console, "Plan", ticket.file, 2)
    _label(console, "Digest", ticket.digest, 2)
    for name, line in words.commands(checklist):
        _command(console, name, line, 2)
    console.print()
    for part in words.parts(checklist):
        _write(console, words.everyone(part.hosts), 2, "bold", longest=_MANY)
        roles = ", ".join(part.plan.roles)
        _write(console, " · ".join(it for it in (roles, part.machine) if it), 4)
        if part.plan.empty:
            _write(console, "nothing changes", 4)
        for change in part.plan.changes:
            now = words.change(change.live_before, change.after) if change.write else "unchanged"
            then = words.change(change.boot_before, change.after)
            _write(console, f"{change.key}: now {now}; next boot {then}", 4, hang=2)
            because = ", ".join(change.because)
            _write(console, f"{because}: {change.why}" if change.why else because, 6)
        for file in part.plan.files:
            _write(console, f"{file.verb} {file.path}", 4, hang=2)
        for left in part.plan.left:
            _write(console, f"left as it is: {left.key or left.rule}: {left.reason}", 4, hang=2)
        _write(console, "Risks" if part.risks else "Risks: none known", 4, "bold")
        for risk in part.risks:
            _write(console, f"- {risk}", 4, hang=2)
        console.print()
    for name, why in ticket.unplanned.items():
        _write(console, f"No plan could be made for {name}: {why}", 2, "bold red", hang=2)
    if ticket.unplanned:
        console.print()
    if checklist.unchecked:
        _write(
            console,
            f"The plan also changes {words.everyone(checklist.unchecked)}, which this checklist "
            "leaves out.",
            2,
            "bold red",
            longest=_MANY,
        )
        console.print()


def _print_signatures(console: Console) -> None:
    console.print(Text("SIGN-OFF", style="bold"))
    for name in words.SIGNATURES:
        console.print(Text(f"  [ ] {name:<16}{_BLANK}  date ____________"))
        console.print()


def _label(console: Console, name: str, text: str, indent: int = _BODY) -> None:
    """Print a labelled paragraph whose lines stand under its first one."""
    room = max(console.width - indent - _LABEL, 20)
    lines = Text(clean(text, longest=_LONGEST)).wrap(console, room)
    for number, line in enumerate(lines):
        line.rstrip()
        head = Text(" " * indent).append(f"{name if not number else '':<{_LABEL}}", style="dim")
        console.print(head.append_text(line), no_wrap=True, crop=False)


def _command(console: Console, name: str, text: str, indent: int = _BODY) -> None:
    """Print a command on one line, however long, so that it can be copied."""
    head = Text(" " * indent).append(f"{name:<{_LABEL}}", style="dim")
    line = head.append(f"$ {clean(text, longest=_LONGEST)}")
    console.print(line, no_wrap=True, crop=False, overflow="ignore")


def _write(
    console: Console,
    text: str,
    indent: int,
    style: str = "",
    *,
    hang: int = 0,
    longest: int = _LONGEST,
) -> None:
    """Print a paragraph; lines after the first are ``hang`` columns further in."""
    room = max(console.width - indent - hang, 10)
    lines = Text(clean(text, longest=longest), style=style).wrap(console, room)
    for number, line in enumerate(lines):
        line.rstrip()
        blank = " " * (indent + (hang if number else 0))
        console.print(Text(blank).append_text(line), no_wrap=True, crop=False)
