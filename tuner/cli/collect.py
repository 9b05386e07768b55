"""`tuner collect`: keep what hosts say, with an inventory that reads it back."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from urllib.parse import quote

from tuner.cli.consoles import on_stderr
from tuner.cli.exits import Exit
from tuner.cli.fan_out import ask
from tuner.cli.hosts import COLLECTED, choose_hosts
from tuner.cli.paths import write_atomically
from tuner.errors import UsageError
from tuner.inventory.host import Host, Way
from tuner.remote.collect import fetch, read_answer
from tuner.remote.offline import read
from tuner.remote.session import Session
from tuner.report._clean import clean
from tuner.report._report import Failure
from tuner.report._words import said
from tuner.report.text import print_hint


def run(options: argparse.Namespace) -> Exit:
    """Collect the dumps of the hosts that the options name."""
    folder = Path(options.output_dir)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"cannot make the folder {folder}: {error.strerror}", hint="choose another with -o"
        ) from error
    hosts = choose_hosts(options)
    failures: dict[str, Failure] = {}
    console = on_stderr()

    def work(host: Host, session: Session) -> str:
        dump = fetch(host, session)
        if host.way is Way.DUMP:
            read(Path(host.dump))
        else:
            read_answer(host, dump)
        name = f"{quote(host.name, safe='')}.dump"
        _write(folder / name, dump)
        return name

    def arrive(host: Host, result: str | Failure) -> None:
        if isinstance(result, Failure):
            failures[host.name] = result
            console.print(f"{clean(host.name)}: {said(host.name, result)}", markup=False)
            if result.hint:
                print_hint(result.hint, console, 2)
        elif options.verbose:
            console.print(f"{clean(host.name)}: {clean(result)}", markup=False)

    interrupted = ask(work, hosts, options=options, arrive=arrive, console=console)
    write_atomically(folder / COLLECTED, _inventory(hosts))
    kept = len(hosts) - len(failures)
    sys.stdout.write(
        f"{kept} of {len(hosts)} dumps are in {folder}; read them with: "
        f"tuner audit --from {folder}\n"
    )
    if interrupted:
        return Exit.INTERRUPTED
    return Exit.INCOMPLETE if failures else Exit.CLEAN


def _write(path: Path, dump: bytes) -> None:
    temporary = path.with_name(f".{path.name}.part")
    try:
        temporary.write_bytes(dump)
        temporary.replace(path)
    except OSError as error:
        raise UsageError(
            f"cannot write {path}: {error.strerror}",
            hint="is the folder there, may you write to it, and is the disk full?",
        ) from error


def _inventory(hosts: tuple[Host, ...]) -> list[str]:
    """Return an inventory in which every host is its dump, with what was declared of it."""
    import yaml  # noqa: PLC0415 - only this command writes YAML

    rows: dict[str, dict[str, object]] = {}
    groups: dict[str, dict[str, dict[str, None]]] = {}
    for host in hosts:
        row: dict[str, object] = {"tuner_dump": f"{quote(host.name, safe='')}.dump"}
        if host.roles:
            row["tuner_roles"] = list(host.roles)
        facts = host.facts.model_dump(mode="json", exclude_defaults=True)
        if facts:
            row["tuner_facts"] = facts
        if host.waivers:
            row["tuner_waivers"] = [
                waiver.model_dump(mode="json", exclude_none=True) for waiver in host.waivers
            ]
        rows[host.name] = row
        for group in host.groups:
            groups.setdefault(group, {}).setdefault("hosts", {})[host.name] = None
    groups.pop("ungrouped", None)
    tree: dict[str, object] = {"hosts": rows}
    if groups:
        tree["children"] = groups
    return [yaml.safe_dump({"all": tree}, sort_keys=False, allow_unicode=True)]
