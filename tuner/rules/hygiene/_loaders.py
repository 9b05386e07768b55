"""Which programs may read a host's sysctl files, and which of them lack something."""

from __future__ import annotations

import re

from tuner.snapshot.snapshot import Snapshot
from tuner.snapshot.system import Loader

_NAMES = {"systemd-sysctl": "systemd-sysctl", "procps": "procps", "busybox": "busybox"}


def lacking(snapshot: Snapshot, *, systemd: tuple[int, ...], procps: tuple[int, ...]) -> str | None:
    """Return the loader of the host that is older than this, or is busybox.

    Empty where every loader of the host is new enough; None where none is known.
    """
    known = [loader for loader in snapshot.system.loaders if loader.name in _NAMES]
    if not known:
        return None
    least = {"systemd-sysctl": systemd, "procps": procps}
    if any(loader.name != "busybox" for loader in known):
        # a busybox beside a full sysctl is a rescue shell, not a loader
        known = [loader for loader in known if loader.name != "busybox"]
    for loader in known:
        wanted = least.get(loader.name)
        if wanted is None or _version(loader) < wanted:
            return f"{loader.name} {loader.version}".strip()
    return ""


def _version(loader: Loader) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", loader.version)[:3])
