"""What moved between two reports, for a nightly mail: nothing at all where nothing moved."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from tuner.compare.difference import Difference, Moved
from tuner.report import _difference as words
from tuner.report._clean import clean

_STYLES = {Moved.APPEARED: "bold red", Moved.FIXED: "green", Moved.CHANGED: "yellow"}
_LONGEST = 600


def print_difference(difference: Difference, console: Console, *, by_host: bool = False) -> None:
    """Print what moved, by cause or by host."""
    if difference.empty:
        return
    old, new = difference.old, difference.new
    _write(console, f"{old.file} ({old.started}) → {new.file} ({new.started})", 0)
    console.print()
    if by_host:
        _print_hosts(difference, console)
    else:
        _print_causes(difference, console)
    whole = list(words.hosts(difference))
    if whole:
        console.print(Text("HOSTS", style="bold"))
        for what, who in whole:
            _write(console, f"{what}: {who}", 2, hang=4)
        console.print()
    _write(console, words.totals(difference), 0)


def _print_causes(difference: Difference, console: Console) -> None:
    causes = difference.causes()
    for moved in Moved:
        mine = [cause for cause in causes if cause.moved is moved]
        if not mine:
            continue
        console.print(Text(words.TITLES[moved].upper(), style=_STYLES[moved]))
        for cause in mine:
            status = "" if cause.status == "open" else f" ({cause.status})"
            _write(console, f"{words.SIGNS[moved]} {words.what(cause)}{status}", 2, hang=4)
            _write(console, words.fold_names(cause.hosts), 6, hang=2)
            details = words.details(cause)
            if details:
                _write(console, details, 6, hang=2)
            if moved is Moved.APPEARED and cause.example.message:
                _write(console, cause.example.message, 6)
        console.print()


def _print_hosts(difference: Difference, console: Console) -> None:
    for host, moves in difference.moves.items():
        console.print(Text(clean(host), style="bold"))
        for move in moves:
            status = move.finding.status
            told = f"{words.SIGNS[move.moved]} {words.what(move)}"
            told += "" if status == "open" else f" ({status})"
            told += f": {' · '.join(move.how)}" if move.how else ""
            _write(console, told, 2, hang=4)
    if difference.moves:
        console.print()


def _write(console: Console, text: str, indent: int, *, hang: int = 0) -> None:
    room = max(console.width - indent - hang, 10)
    for number, line in enumerate(Text(clean(text, longest=_LONGEST)).wrap(console, room)):
        line.rstrip()
        blank = " " * (indent + (hang if number else 0))
        console.print(Text(blank).append_text(line), no_wrap=True, crop=False)
