"""One host out of an inventory, or one dump, and what it says."""

from __future__ import annotations

import argparse
import difflib

from tuner.cli.consoles import on_stderr
from tuner.cli.fan_out import ask
from tuner.cli.hosts import choose_hosts
from tuner.errors import TunerError, UsageError
from tuner.inventory.host import Host
from tuner.remote.collect import collect
from tuner.remote.session import Session
from tuner.report._report import Failure
from tuner.report._words import said
from tuner.snapshot.snapshot import Snapshot


def ask_one(options: argparse.Namespace) -> tuple[Host, Snapshot]:
    """Return the host that ``--host`` names among the inventory's or the dumps', and its answer.

    Raises:
        UsageError: there is no such host, or no name and several hosts.
        TunerError: it could not be asked.
    """
    host = _one(choose_hosts(options), options.host)
    answers: list[Snapshot | Failure] = []

    def work(host: Host, session: Session) -> Snapshot:
        return collect(host, session)

    ask(
        work,
        [host],
        options=options,
        arrive=lambda _, answer: answers.append(answer),
        console=on_stderr(),
    )
    (answer,) = answers
    if isinstance(answer, Failure):
        raise TunerError(f"{host.name}: {said(host.name, answer)}", hint=answer.hint)
    return host, answer


def _one(hosts: tuple[Host, ...], name: str | None) -> Host:
    if name is None:
        if len(hosts) == 1:
            return hosts[0]
        raise UsageError(
            f"there are {len(hosts)} hosts to look at",
            hint=f"name one: --host {hosts[0].name}",
        )
    for host in hosts:
        if host.name == name:
            return host
    close = difflib.get_close_matches(name, [host.name for host in hosts], n=3, cutoff=0.5)
    raise UsageError(
        f"there is no host {name!r}", hint=f"did you mean: {', '.join(close)}?" if close else ""
    )
