"""`tuner status`: how far the last run came by its journal, and what its hosts say now."""

from __future__ import annotations

import argparse

from rich.console import Console
from rich.text import Text

from tuner.apply.bundle import Bundle, Memory
from tuner.apply.commit import recall
from tuner.apply.journal import HostState, Run, read_runs
from tuner.cli.carry_out import journal_path
from tuner.cli.consoles import on_stderr, on_stdout
from tuner.cli.exits import Exit
from tuner.cli.fan_out import ask
from tuner.cli.hosts import choose_hosts
from tuner.inventory.host import Host
from tuner.remote.session import Session
from tuner.report._clean import clean
from tuner.report._report import Failure


def run(options: argparse.Namespace) -> Exit:
    """Print both, and say whether every change has come to an end."""
    runs = read_runs(journal_path(options))
    last = runs[-1] if runs else None
    hosts = choose_hosts(options)
    told: dict[str, Memory | Failure] = {}

    def work(host: Host, session: Session) -> Memory:
        return recall(host, session, details=False)

    def arrive(host: Host, memory: Memory | Failure) -> None:
        told[host.name] = memory

    interrupted = ask(work, hosts, options=options, arrive=arrive, console=on_stderr())
    console = on_stdout()
    _print_run(last, console)
    settled = True
    for host in hosts:
        memory = told[host.name]
        journal = last.hosts.get(host.name) if last else None
        if isinstance(memory, Failure):
            says = f"unreachable: {clean(memory.message, longest=400)}"
        else:
            open_ones = [it for it in memory.bundles if it.open]
            settled = settled and not open_ones
            says = "; ".join(map(_open, open_ones)) or _end(memory, last)
        line = Text.assemble(("  ", ""), (clean(host.name), "bold"), f" : {says}")
        if journal is not None:
            line.append(f"  (journal: {_noted(journal)})", style="dim")
        console.print(line, soft_wrap=True)
    if interrupted:
        return Exit.INTERRUPTED
    if not settled:
        return Exit.CHANGE_FAILED
    unreached = any(isinstance(memory, Failure) for memory in told.values())
    return Exit.INCOMPLETE if unreached else Exit.CLEAN


def _print_run(run: Run | None, console: Console) -> None:
    if run is None:
        console.print(Text("the journal knows of no run"))
        return
    line = f"{clean(run.id)}: {clean(run.kind)} of {clean(run.source, longest=400)}, "
    line += f"begun {clean(run.started)}, {len(run.done)} of {len(run.names)} hosts done"
    if run.stopped:
        line += f"; stopped: {clean(run.stopped, longest=400)}"
    elif not run.ended:
        line += "; it did not come to its own end, or is still at work"
    console.print(Text(line, style="bold"), soft_wrap=True)
    if not run.complete:
        console.print(Text(f"  go on with: tuner {clean(run.kind)} … --resume", style="dim"))


def _open(bundle: Bundle) -> str:
    says = f"{clean(bundle.id)} is {clean(bundle.state)}"
    if not bundle.same_start:
        return f"{says}, and the host started again since: the next change settles it"
    if bundle.state == "pending" and bundle.left is not None and bundle.left >= 0:
        return f"{says}, and puts itself back in {bundle.left} s"
    return f"{says}, and at work on it" if bundle.busy else f"{says}, and waits for its timer"


def _end(memory: Memory, run: Run | None) -> str:
    found = {bundle.id: bundle.state for bundle in memory.bundles}
    if run is not None and run.id in found:
        return clean(found[run.id])
    return "not changed by this run" if run is not None else "nothing is open"


def _noted(state: HostState) -> str:
    if state.ending is None:
        return f"{state.stage}, end unknown"
    return str(state.ending)
