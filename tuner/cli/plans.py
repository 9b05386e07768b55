"""Where `tuner apply` gets its plans from: hosts that are asked now, or a saved plan."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rich.console import Console

from tuner.cli.endings import End
from tuner.errors import UsageError
from tuner.inventory.host import Host
from tuner.plan.plan import Plan


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
    """
    raise UsageError(f"{options.inventory}: no plan can be made yet")
