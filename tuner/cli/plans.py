"""Where `tuner apply` gets its plans from: hosts that are asked now, or a saved plan."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from tuner.cli.endings import End
from tuner.cli.hosts import choose_hosts
from tuner.cli.paths import find_inventory, is_file
from tuner.cli.plan import DIFFS, plan_hosts
from tuner.cli.template import template_of
from tuner.errors import PlanError, UsageError
from tuner.inventory.host import Host
from tuner.plan.plan import Plan
from tuner.plan.saved import read_plan
from tuner.report.plans import HostPlan, print_plans

_SAVED = re.compile(rb'\s*\{\s*"schema_version"')
_SAVED_FOR = "apply PLAN --hosts-from"
"""What is typed before an inventory where a saved plan is applied."""
_HEAD = 4096  # bytes looked at to tell a saved plan from an inventory


@dataclass(frozen=True, slots=True)
class Planned:
    """What is to be done to whom. ``ends``: hosts of which there is no plan, and why."""

    source: str  # the inventory or the saved plan, as an absolute path
    hosts: tuple[Host, ...]
    plans: Mapping[str, Plan]
    show: Callable[[Console], None]
    ends: Mapping[str, End] = field(default_factory=dict)


def plans_for(options: argparse.Namespace) -> Planned:
    """Return a plan of every host that the options name.

    Raises:
        InputError: the inventory, a profile, the template or the saved plan is wrong.
        KeyboardInterrupt: somebody interrupted it.
    """
    for flag, given in (
        ("--from", options.sources),
        ("--format json", options.format == "json"),
        ("--output", options.output),
    ):
        if given:
            raise UsageError(f"{flag} goes with --dry-run only", hint="see: tuner apply --help")
    path = find_inventory(options, os.environ)
    if _is_saved(path):
        return _read(path, options)
    if options.hosts_from:
        raise UsageError("--hosts-from goes with a saved plan", hint="see: tuner plan --help")
    hosts = choose_hosts(options)
    planned, interrupted = plan_hosts(hosts, options, template_of(options.template))
    if interrupted:
        raise KeyboardInterrupt
    return _planned(path, hosts, planned, options)


def _is_saved(path: Path) -> bool:
    if not is_file(path):
        return False
    try:
        with path.open("rb") as file:
            return _SAVED.match(file.read(_HEAD)) is not None
    except OSError as error:
        raise UsageError(
            f"cannot read {path}: {error.strerror}", hint="check its permissions"
        ) from None


def _read(path: Path, options: argparse.Namespace) -> Planned:
    """Return the plans of a file, for the hosts of the inventory that it names."""
    try:
        plans = {plan.host: plan for plan in read_plan(path.read_text("utf-8"), file=str(path))}
    except UnicodeDecodeError as error:
        raise PlanError(
            f"not UTF-8 (byte {error.start})",
            file=str(path),
            hint="name what `tuner plan -o` saved",
        ) from None
    whom = argparse.Namespace(
        **{**vars(options), "inventory": options.hosts_from, "command": _SAVED_FOR}
    )
    hosts = choose_hosts(whom)
    known = {host.name for host in hosts}
    missing = sorted(set(plans) - known)
    if missing and not options.limit:
        raise UsageError(
            f"{path} has a plan for {', '.join(missing[:5])}, which the inventory does not know",
            hint="name the inventory that it was made from: --hosts-from INVENTORY",
        )
    chosen = tuple(host for host in hosts if host.name in plans)
    if not chosen:
        raise UsageError(f"{path} has no plan for any of the chosen hosts", hint="check --limit")
    planned = [HostPlan(host.name, plans[host.name].roles, plans[host.name]) for host in chosen]
    return _planned(path, chosen, planned, options)


def _planned(
    path: Path, hosts: Sequence[Host], planned: Sequence[HostPlan], options: argparse.Namespace
) -> Planned:
    return Planned(
        source=str(path.resolve()),
        hosts=tuple(hosts),
        plans={it.name: it.plan for it in planned if it.plan is not None},
        show=lambda console: print_plans(planned, console, DIFFS[options.diff]),
        ends={it.name: it.failure for it in planned if it.failure is not None},
    )
