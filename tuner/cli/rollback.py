"""`tuner rollback`: take a change back, from what each host kept of it."""

from __future__ import annotations

import argparse
import os

from rich.console import Console
from rich.text import Text

from tuner.apply.bundle import Memory, WayBack, to_undo, way_back
from tuner.apply.commit import recall
from tuner.apply.job import NOTHING, Job, Kind
from tuner.apply.outcome import Ending, Outcome
from tuner.cli.carry_out import Intent, carry_out, new_id
from tuner.cli.consoles import on_stderr
from tuner.cli.endings import End
from tuner.cli.exits import Exit
from tuner.cli.fan_out import ask
from tuner.cli.hosts import choose_hosts
from tuner.cli.paths import find_inventory
from tuner.inventory.host import Host
from tuner.remote.session import Session
from tuner.report._clean import clean
from tuner.report._report import Failure, fold


def run(options: argparse.Namespace) -> Exit:
    """Take back what the options name, on every host that remembers it."""
    hosts = choose_hosts(options)
    number = new_id()
    ways: dict[str, WayBack] = {}
    ends: dict[str, End] = {}

    def work(host: Host, session: Session) -> Memory:
        return recall(host, session)

    def arrive(host: Host, memory: Memory | Failure) -> None:
        if isinstance(memory, Failure):
            ends[host.name] = memory
            return
        bundles = to_undo(memory, options.to)
        way = way_back(bundles, number)
        if not bundles:
            what = f"change {options.to}" if options.to else "a change that could be taken back"
            ends[host.name] = Outcome(host.name, Ending.UNCHANGED, f"it does not remember {what}")
        elif way.refused:
            ends[host.name] = Outcome(
                host.name,
                Ending.FAILED,
                f"{way.refused}; nothing was changed",
                f"what it was is in {bundles[-1].place}, on the host",
            )
        else:
            ways[host.name] = way

    if ask(work, hosts, options=options, arrive=arrive, console=on_stderr()):
        raise KeyboardInterrupt
    intent = Intent(
        kind=Kind.ROLLBACK,
        source=str(find_inventory(options, os.environ).resolve()),
        hosts=hosts,
        jobs={name: way.job for name, way in ways.items() if not way.job.empty},
        show=lambda console: _show(ways, console),
        ends=ends,
    )
    return carry_out(intent, number, options)


def _show(ways: dict[str, WayBack], console: Console) -> None:
    """Print what goes back to what, hosts that are alike together, and what cannot."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for name, way in ways.items():
        groups.setdefault(tuple(_lines(way.job, way.cannot)), []).append(name)
    for lines, names in groups.items():
        console.print(Text(clean(", ".join(fold(names)), longest=400), style="bold"))
        for line in lines:
            console.print(Text(f"  {line}"), soft_wrap=True)


def _lines(job: Job, cannot: tuple[str, ...]) -> list[str]:
    lines = [f"takes back {', '.join(job.undoes)}"]
    lines += [
        f"{clean(write.key)}  {clean(write.before)} → {clean(write.after)}" for write in job.writes
    ]
    for file in job.files:
        what = "is removed" if file.after == NOTHING else "as it was"
        lines.append(f"{clean(file.path)}  {what}")
    lines += [clean(text, longest=400) for text in cannot]
    if len(lines) == 1:
        lines.append("everything is as it was already")
    return lines
