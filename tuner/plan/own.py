"""Which files of a host are tuner's own, and what its drop-in says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.files import Entry, Kind, Setting, parse_file
from tuner.sysctl.key import Key

FOLDER = "/etc/sysctl.d"
MODULES = "/etc/modules-load.d/tuner.conf"
RULES = "/etc/udev/rules.d/99-tuner.rules"
MARKER = "# tuner owns this file"
"""A line of every file of tuner's begins so; a file without it is somebody else's."""

_SUFFIX = "-tuner.conf"
_RULES = re.compile(r"# ([a-z0-9]+(?:-[a-z0-9]+)*(?:, [a-z0-9]+(?:-[a-z0-9]+)*)*): ")


def has_marker(text: str) -> bool:
    """Tell whether a line of the text says that tuner owns it."""
    return any(line.startswith(MARKER) for line in text.split("\n"))


def is_own(entry: Entry) -> bool:
    """Tell whether the entry is a file that tuner wrote."""
    folder, _, name = entry.path.rpartition("/")
    if entry.path not in {MODULES, RULES} and (folder != FOLDER or not name.endswith(_SUFFIX)):
        return False
    return (
        entry.kind is Kind.FILE
        and not entry.target
        and has_marker(entry.content.decode("utf-8", "backslashreplace"))
    )


def own_drop_ins(snapshot: Snapshot) -> tuple[Entry, ...]:
    """Return tuner's own sysctl files, the one that boot reads last at the end."""
    own = [entry for entry in snapshot.files or () if is_own(entry)]
    return tuple(sorted(own, key=lambda entry: entry.name.encode("utf-8", "surrogateescape")))


def without_own(snapshot: Snapshot) -> Snapshot:
    """Return the host as if tuner had written no sysctl file; live values stay."""
    if snapshot.files is None:
        return snapshot
    return replace(snapshot, files=tuple(it for it in snapshot.files if not is_own(it)))


def own_lines(drop_ins: Sequence[Entry]) -> Mapping[Key, Setting]:
    """Return the last plain assignment of each key in tuner's own files."""
    return {
        setting.key: setting
        for entry in drop_ins
        for setting in parse_file(entry.path, entry.content).settings
        if setting.value is not None and not setting.is_pattern
    }


def rules_of(drop_in: Entry) -> Mapping[Key, tuple[str, ...]]:
    """Return the rules that each line's comment names, as tuner's own template writes them."""
    lines = drop_in.content.decode("utf-8", "backslashreplace").split("\n")
    found = {}
    for setting in parse_file(drop_in.path, drop_in.content).settings:
        top = setting.line - 1  # the index of the setting's own line, counted from 0
        while top and lines[top - 1].startswith("#"):
            top -= 1
        match = _RULES.match(lines[top])
        if match is not None:
            found[setting.key] = tuple(match[1].split(", "))
    return found
