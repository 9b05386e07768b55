"""What the manual is made of here: the package's knowledge and the profiles that were named."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tuner.cli.consoles import on_stdout
from tuner.policy.peers import peers
from tuner.policy.resolve import load_profiles
from tuner.report.manual._names import Manual
from tuner.resources import folder
from tuner.rules._check import registry
from tuner.sysctl.catalog import families, parameters
from tuner.sysctl.topics import topics


def manual(profiles: Sequence[str] = ()) -> Manual:
    """Return the manual, with the profiles of further folders.

    Raises:
        PolicyError: a profile is wrong.
    """
    return Manual(
        rules=registry(),
        topics=topics(),
        parameters=parameters(),
        families=families(),
        profiles=load_profiles([folder("profiles"), *map(Path, profiles)]),
        peers=peers(),
    )


def show(text: str, form: str, data: Any) -> None:
    """Print a page in the form asked for: ``text``, ``markdown`` or ``json``."""
    if form == "json":
        sys.stdout.write(json.dumps(data, indent=1, ensure_ascii=False) + "\n")
    elif form == "markdown":
        sys.stdout.write(text)
    else:
        from tuner.report.manual.text import print_page  # noqa: PLC0415 - half of the start-up

        print_page(text, on_stdout())
    sys.stdout.flush()
