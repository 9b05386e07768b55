"""The programs that apply sysctl files, each a pure function of the files and a kernel's model.

``start(program, tree, kernel)`` runs one and returns its ``Run`` (``loaders/run.py``): every line
with what became of it, the writes in their order, complaints and the exit code. The kernel is
changed by it. ``parse_program("procps:4.0.2")`` names one; a version left out is the commonest.
Each module's own ``run`` takes more options (``systemd.run(prefixes=…)``, ``procps.run(files=…)``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tuner.sysctl.kernel import Kernel
from tuner.sysctl.lines import BUSYBOX
from tuner.sysctl.loaders import busybox, procps, scripts, systemd
from tuner.sysctl.loaders.run import Fate, Run
from tuner.sysctl.tree import CONF, FileTree

Version = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """A loader by its name and version."""

    name: str
    version: Version

    def __str__(self) -> str:
        shown = {"systemd": "systemd-sysctl", "procps": "sysctl --system (procps)"}
        version = ".".join(map(str, self.version))
        return f"{shown.get(self.name, _WORDS.get(self.name, self.name))} {version}"


_WORDS = {
    "busybox": "sysctl -p (busybox)",
    "alpine": "Alpine's sysctl script, busybox",
    "alpine-2017": "Alpine's old sysctl script, busybox",
    "void": "Void's sysctl script, procps",
}
_USUAL: Mapping[str, Version] = {
    "systemd": (252,),
    "procps": (4, 0, 2),
    "busybox": (1, 36, 0),
    "alpine": (1, 36, 0),
    "alpine-2017": (1, 28, 0),
    "void": (4, 0, 4),
}
NAMES = tuple(_USUAL)
"""The names that ``parse_program`` takes."""


def _run_busybox(tree: FileTree, kernel: Kernel, version: Version) -> Run:
    """Apply what ``sysctl -p`` applies by itself, and note the files that it does not look at."""
    done = busybox.run(tree, kernel, version=version)
    for entry in tree.entries:
        if entry.path != CONF:
            done.unread(entry, Fate.NOT_READ, "", BUSYBOX)
    return done


_STARTS: Mapping[str, Callable[[FileTree, Kernel, Version], Run]] = {
    "systemd": lambda tree, kernel, version: systemd.run(tree, kernel, version=version[0]),
    "procps": lambda tree, kernel, version: procps.run(tree, kernel, version=version),
    "busybox": _run_busybox,
    "alpine": lambda tree, kernel, version: scripts.run_alpine(tree, kernel, version=version),
    "alpine-2017": lambda tree, kernel, version: scripts.run_old_alpine(
        tree, kernel, version=version
    ),
    "void": lambda tree, kernel, version: scripts.run_void(tree, kernel, version=version),
}


def start(program: Program, tree: FileTree, kernel: Kernel) -> Run:
    """Apply the files as that program does; the kernel is changed."""
    return _STARTS[program.name](tree, kernel, program.version)


def parse_program(text: str) -> Program:
    """Return the program that ``NAME`` or ``NAME:VERSION`` names.

    Raises:
        ValueError: no such program, or no version.
    """
    name, colon, rest = text.partition(":")
    if name not in _USUAL:
        raise ValueError(f"no loader is called {name!r}")
    if not colon:
        return Program(name, _USUAL[name])
    version = parse_version(rest)
    if version is None:
        raise ValueError(f"not a version: {rest!r}")
    return Program(name, version)


def parse_version(text: str) -> Version | None:
    """Return the numbers that a version begins with, None for none."""
    match = re.match(r"\d{1,6}(?:\.\d{1,6}){0,3}", text)
    return tuple(int(number) for number in match[0].split(".")) if match else None
