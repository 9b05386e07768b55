"""Under which name tuner's file wins, proved by simulating who reads it and when.

This is the one place of the room that asks the boot simulator.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tuner.plan.along import other_names
from tuner.plan.own import FOLDER, is_own, without_own
from tuner.plan.spelling import same
from tuner.rules._values import completed
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.boot import Boot, Decision
from tuner.sysctl.catalog import mainline_default
from tuner.sysctl.files import Entry, Setting
from tuner.sysctl.key import Key
from tuner.sysctl.value import Value

NAMES = ("90-tuner.conf", "99-tuner.conf", "99-zz-tuner.conf", "zz-tuner.conf", "zzzz-tuner.conf")
"""Names to try, the plainest first; loaders sort them by their bytes (strcmp)."""

_WRITERS = {"/etc/ufw/": "ufw", "/etc/tuned/": "TuneD", "/usr/lib/tuned/": "TuneD"}


@dataclass(frozen=True, slots=True)
class View:
    """What one way of loading the files ends with. ``words`` name that way."""

    words: str
    boot: Boot


@dataclass(frozen=True, slots=True)
class Loss:
    """A view in which another line decides a key, and that line; None where nothing was seen."""

    view: str
    by: Setting | None
    later: bool = False  # its file is applied after every sysctl.d file


def views(snapshot: Snapshot) -> tuple[View, ...]:
    """Return what boot makes of the host's files, and what `sysctl --system` makes of them.

    The latter only where it is another program, and where it is procps: busybox' ``sysctl -p``
    reads ``/etc/sysctl.conf`` alone (busybox ``procps/sysctl.c``), so that no drop-in can win.
    None without files.
    """
    if snapshot.files is None or snapshot.boot is None:
        return ()
    found = [View("the next boot", snapshot.boot)]
    programs = snapshot.programs
    if programs.admin.name == "procps" and programs.admin != programs.boot:
        found.append(View("`sysctl --system`", snapshot.boot_by(programs.admin)))
    return tuple(found)


def settled(snapshot: Snapshot, name: str, text: bytes) -> Snapshot:
    """Return the host with tuner's one sysctl file of that name, whatever it had of tuner's."""
    base = without_own(snapshot)
    return replace(base, files=(*(base.files or ()), Entry(f"{FOLDER}/{name}", content=text)))


def losses(snapshot: Snapshot, values: Mapping[Key, Value]) -> Mapping[Key, tuple[Loss, ...]]:
    """Return in which views another line decides a key than one that gives it the value."""
    later = {entry.path for entry in snapshot.later_files}
    found: dict[Key, list[Loss]] = {}
    for view in views(snapshot):
        places = {(it.path, it.line): at for at, it in enumerate(view.boot.settings)}
        for key, value in values.items():
            by = _winner(view.boot, places, key)
            if by is None or not same(_in_full(snapshot, by), value):
                setting = by.setting if by is not None else None
                lost = Loss(view.words, setting, setting is not None and setting.path in later)
                found.setdefault(key, []).append(lost)
    return {key: tuple(lost) for key, lost in found.items()}


def _winner(boot: Boot, places: Mapping[tuple[str, int], int], key: Key) -> Decision | None:
    """Return what decides the key last, under whichever of its names."""
    decisions = [boot.decisions[it] for it in (key, *other_names(key)) if it in boot.decisions]
    return max(
        decisions,
        key=lambda it: places.get((it.setting.path, it.setting.line), -1),
        default=None,
    )


def _in_full(snapshot: Snapshot, decision: Decision) -> Value:
    default = mainline_default(decision.key, snapshot.kernel)
    return completed(decision.value, default)


def choose_name(snapshot: Snapshot, text: bytes, values: Mapping[Key, Value]) -> str:
    """Return the name under which most of the values win; the present one where it is as good."""
    present = [entry.name for entry in snapshot.files or () if is_own(entry)]
    # A name that another folder has would shadow that file.
    taken = {entry.name for entry in snapshot.files or () if not is_own(entry)}
    names = [name for name in dict.fromkeys((*reversed(present), *NAMES)) if name not in taken]
    best, fewest = "", -1
    for name in names:
        lost = sum(len(it) for it in losses(settled(snapshot, name, text), values).values())
        if fewest < 0 or lost < fewest:
            best, fewest = name, lost
        if lost == 0:
            break
    return best or NAMES[0]


def who(setting: Setting) -> str:
    """Return who wrote a line: the program whose file it is, else the file and line alone."""
    at = f"{setting.path}:{setting.line}"
    for folder, program in _WRITERS.items():
        if setting.path.startswith(folder):
            return f"{program} ({at})"
    return at
