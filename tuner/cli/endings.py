"""How hosts came out of a change, for people: a line as each ends, and the recap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.text import Text

from tuner.apply.outcome import Ending, Outcome
from tuner.report._clean import clean, clean_hint
from tuner.report._report import Failure, fold

End = Outcome | Failure
"""How a host came out: a Failure means that it was not reached, and not changed."""

_UNREACHABLE = "unreachable"
_NOT_BEGUN = "not begun"
_OPEN = "open"
_WORDS = (*Ending, _UNREACHABLE, _OPEN, _NOT_BEGUN)
_STYLES = {
    Ending.UNCHANGED: "dim",
    Ending.CONFIRMED: "green",
    Ending.REVERTED: "yellow",
    Ending.FAILED: "bold red",
    _UNREACHABLE: "red",
    _OPEN: "bold red",
    _NOT_BEGUN: "magenta",
}
_LONGEST = 600


def print_end(name: str, end: End, console: Console) -> None:
    """Print how one host came out, and why if it is not as it shall be."""
    word = _word(end)
    line = Text.assemble((clean(name), "bold"), ": ", (word, _STYLES[word]))
    message = clean(end.message, longest=_LONGEST)
    if message:
        line.append(f": {message}")
    console.print(line, soft_wrap=True)
    if end.hint:
        hint = Text(f"  {clean_hint(end.hint)}", style="dim")
        console.print(hint, soft_wrap=True)


def print_recap(
    names: Sequence[str], ends: Mapping[str, End], begun: frozenset[str], console: Console
) -> None:
    """Print every host's end, those that are alike on one line, and how many there are of each."""
    groups: dict[tuple[str, str], list[str]] = {}
    counts = dict.fromkeys(_WORDS, 0)
    for name in names:
        end = ends.get(name)
        word = _word(end) if end else _OPEN if name in begun else _NOT_BEGUN
        counts[word] += 1
        message = clean(end.message, longest=_LONGEST) if end else ""
        groups.setdefault((word, message), []).append(name)
    console.print(Text("RECAP", style="bold"))
    shown = {group: _names(members) for group, members in groups.items()}
    width = min(max(map(len, shown.values()), default=0), 40)
    for (word, message), members in shown.items():
        line = Text(f"  {members:<{width}} : ")
        line.append(f"{word:<11}", style=_STYLES[word])
        line.append(f" {message}" if message else "")
        line.rstrip()
        console.print(line, soft_wrap=True)
    total = Text(f"{len(names)} host" + ("" if len(names) == 1 else "s") + ": ", style="bold")
    parts = [
        (f"{counts[word]} {word}", _STYLES[word] if counts[word] else "")
        for word in _WORDS
        if counts[word] or word in {*Ending, _UNREACHABLE}
    ]
    for number, (text, style) in enumerate(parts):
        total.append(", " if number else "")
        total.append(text, style=style)
    console.print(total)


def _word(end: End) -> str:
    return end.ending if isinstance(end, Outcome) else _UNREACHABLE


def _names(names: Sequence[str]) -> str:
    folded = [clean(name) for name in fold(names)]
    text = ", ".join(folded[:6]) + (", …" if len(folded) > 6 else "")  # noqa: PLR2004
    return f"{text} ({len(names)} hosts)" if len(names) > 1 else text
