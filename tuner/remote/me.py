"""Who runs tuner on this machine: a name and a home, which a container may lack."""

from __future__ import annotations

import os
from getpass import getuser
from pathlib import Path

from tuner.errors import ConnectError


def login() -> str:
    """Return the name of the user who runs tuner.

    Raises:
        ConnectError: the user has none, as in a container that runs under any number.
    """
    try:
        return getuser()
    except (KeyError, OSError):
        raise ConnectError(
            f"nobody on this machine has the user number {os.getuid()}, so there is no name",
            hint="set $USER, or ansible_user for the name on the hosts",
        ) from None


def expand(path: str | Path) -> Path:
    """Return the path with a leading ``~`` filled in, as it is where that has no home."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 - Path's own raises without a home
