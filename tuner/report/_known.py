"""What a text report says of baselines and waivers, below its recap."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from tuner.compare.baseline import Use
from tuner.report._clean import clean
from tuner.report._report import Report, fold

_SHOWN = 10  # entries that no longer occur
_NAMES = 6


def print_known(report: Report, console: Console) -> None:
    """Print how many findings were known, what no longer occurs, and which waivers are idle."""
    if report.baseline is not None:
        _print_use(report.baseline, console)
    for unused in report.unused_waivers:
        waiver = unused.waiver
        what = " ".join(part for part in (waiver.rule, waiver.key) if part)
        advice = f"did you mean {unused.meant}?" if unused.meant else "take it out"
        line = Text("note: ", style="cyan")
        line.append(
            clean(
                f"the waiver of {what} ({waiver.owner}, until {waiver.until}) covers nothing on "
                f"{_names(unused.hosts)}; {advice}",
                longest=600,
            )
        )
        console.print(line)


def _print_use(use: Use, console: Console) -> None:
    noun = "finding is" if use.known == 1 else "findings are"
    console.print(Text(clean(f"{use.known} {noun} known, by {use.file}", longest=600)))
    if not use.gone:
        return
    console.print(Text("no longer there; take them out of it, or --write-baseline anew:"))
    for gone in use.gone[:_SHOWN]:
        what = f"{gone.rule} {gone.key or ''}".rstrip()
        console.print(Text(clean(f"  {what}: {_names(gone.hosts)}", longest=600)))
    if len(use.gone) > _SHOWN:
        console.print(Text(f"  and {len(use.gone) - _SHOWN} more"))


def _names(hosts: tuple[str, ...]) -> str:
    folded = fold(hosts)
    shown = ", ".join(folded[:_NAMES]) + (", …" if len(folded) > _NAMES else "")
    return f"{shown} ({len(hosts)} hosts)" if len(hosts) > 1 else shown
