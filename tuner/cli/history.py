"""`tuner history`: the changes that hosts remember."""

from __future__ import annotations

import argparse

from rich.console import Console
from rich.text import Text

from tuner.apply.bundle import Bundle, Memory
from tuner.apply.commit import recall
from tuner.cli.consoles import on_stderr, on_stdout
from tuner.cli.endings import print_end
from tuner.cli.exits import Exit
from tuner.cli.fan_out import ask
from tuner.cli.hosts import choose_hosts
from tuner.inventory.host import Host
from tuner.remote.session import Session
from tuner.report._clean import clean
from tuner.report._report import Failure


def run(options: argparse.Namespace) -> Exit:
    """Print what every host remembers, the newest change first."""
    hosts = choose_hosts(options)
    told: dict[str, Memory | Failure] = {}

    def work(host: Host, session: Session) -> Memory:
        return recall(host, session)

    def arrive(host: Host, memory: Memory | Failure) -> None:
        told[host.name] = memory

    interrupted = ask(work, hosts, options=options, arrive=arrive, console=on_stderr())
    console = on_stdout()
    incomplete = False
    for host in hosts:
        memory = told[host.name]
        if isinstance(memory, Failure):
            incomplete = True
            print_end(host.name, memory, console)
            continue
        console.print(Text(clean(host.name), style="bold"))
        if memory.holder:
            console.print(Text(f"  locked by {clean(memory.holder)}"))
        for bundle in reversed(memory.bundles):
            _print(bundle, console)
        if not memory.bundles:
            console.print(Text("  no changes", style="dim"))
    if interrupted:
        return Exit.INTERRUPTED
    return Exit.INCOMPLETE if incomplete else Exit.CLEAN


def _print(bundle: Bundle, console: Console) -> None:
    meta = bundle.meta
    line = f"  {clean(bundle.id)}  {clean(bundle.kind):<8}  {clean(bundle.state):<9}  "
    line += f"{clean(meta.get('when', ''))}  {clean(meta.get('who', ''))}  "
    line += f"{_count(len(bundle.keys), 'value')}, {_count(len(bundle.files), 'file')}"
    if bundle.undoes:
        line += f"  takes back {clean(' '.join(bundle.undoes))}"
    console.print(Text(line), soft_wrap=True)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
