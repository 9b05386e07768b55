"""Which line of which file decides a key at the next boot.

This is systemd-sysctl's order, with the kernel command line before it and the writers that
run after it. Sources: sysctl.d(5); systemd v252 ``src/sysctl/sysctl.c``,
``src/basic/conf-files.c``; Linux 6.18 ``init/main.c`` ``do_sysctl_args``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import translate

from tuner.sysctl.files import Entry, Kind, Setting, normalize_key, parse_file
from tuner.sysctl.key import Key
from tuner.sysctl.tree import DIRECTORIES
from tuner.sysctl.value import Value, parse_value


@dataclass(frozen=True, slots=True)
class Decision:
    """The setting that decides a key, and those that it beats, the strongest first."""

    key: Key
    value: Value
    setting: Setting
    beaten: tuple[Setting, ...] = ()


@dataclass(frozen=True, slots=True)
class Boot:
    """What the files of one host will set.

    ``settings`` holds every line that takes part, in the order of application; ``dead`` those of
    files that boot does not read (a shadowed drop-in, ``/etc/sysctl.conf`` without a link to it).
    """

    decisions: Mapping[Key, Decision]
    settings: tuple[Setting, ...] = ()
    dead: tuple[Setting, ...] = ()
    unreadable: tuple[str, ...] = ()  # paths that take part and could not be read


def boot(
    entries: Sequence[Entry],
    *,
    keys: Iterable[Key],
    cmdline: str = "",
    later: Sequence[Entry] = (),
) -> Boot:
    """Return what the next boot sets under systemd-sysctl.

    Args:
        entries: the sysctl.d directories' entries and ``/etc/sysctl.conf``, in any order.
        keys: the keys that the kernel has, which patterns are matched against.
        cmdline: the kernel's command line; its ``sysctl.KEY=VALUE`` words come first.
        later: files that other programs apply afterwards (ufw), in their order.
    """
    ordered, unread = _order(entries)
    first: dict[Key, list[Setting]] = {}
    applied: dict[Key, list[Setting]] = {}
    all_settings: list[Setting] = []
    for setting in _from_cmdline(cmdline):
        first.setdefault(setting.key, []).append(setting)
        all_settings.append(setting)

    assignments: dict[Key, Setting] = {}
    losers: dict[Key, list[Setting]] = {}
    for entry in ordered:
        for setting in parse_file(entry.path, entry.content).settings:
            all_settings.append(setting)
            before = assignments.get(setting.key)
            if before is not None:
                if before.value == setting.value:
                    losers.setdefault(setting.key, []).insert(0, setting)
                    continue
                losers.setdefault(setting.key, []).insert(0, before)
                del assignments[setting.key]
            assignments[setting.key] = setting

    known = list(keys)
    for key, setting in assignments.items():
        if setting.is_pattern:
            if setting.value is None:
                continue
            for match in _matches(key, known):
                if match not in assignments:
                    applied.setdefault(match, []).append(setting)
        elif setting.value is not None:
            applied.setdefault(key, []).append(setting)

    for entry in later:
        for setting in parse_file(entry.path, entry.content).settings:
            if setting.value is not None and not setting.is_pattern:
                applied.setdefault(setting.key, []).append(setting)
                all_settings.append(setting)

    decisions = {}
    for key in {**first, **applied}:
        weakest_first = (*first.get(key, ()), *reversed(losers.get(key, ())), *applied.get(key, ()))
        winner = (applied.get(key) or first[key])[-1]
        beaten = tuple(it for it in reversed(weakest_first) if it is not winner)
        decisions[key] = Decision(key, parse_value(winner.effective or ""), winner, beaten)
    read = {entry.path for entry in ordered}
    dead = [
        setting
        for entry in unread
        if entry.path not in read
        for setting in parse_file(entry.path, entry.content).settings
    ]
    unreadable = tuple(entry.path for entry in (*ordered, *later) if entry.kind is Kind.UNREADABLE)
    return Boot(decisions, tuple(all_settings), tuple(dead), unreadable)


def _order(entries: Sequence[Entry]) -> tuple[list[Entry], list[Entry]]:
    """Return the entries that boot reads in their order, and the files that it does not."""
    chosen: dict[bytes, Entry] = {}
    unread: list[Entry] = []
    for directory in DIRECTORIES:
        for entry in entries:
            if entry.path.rpartition("/")[0] != directory:
                continue
            if not entry.name.endswith(".conf") or entry.name.startswith("."):
                continue
            name = entry.name.encode("utf-8", "surrogateescape")
            if name in chosen:
                unread.append(entry)
            else:
                chosen[name] = entry
    unread.extend(entry for entry in entries if entry.path == "/etc/sysctl.conf")
    ordered = [chosen[name] for name in sorted(chosen)]
    linked = {_resolve(entry) for entry in ordered if entry.target}
    return ordered, [entry for entry in unread if entry.path not in linked]


def _resolve(entry: Entry) -> str:
    """Return the path that a link names, links in its directories aside."""
    if entry.target.startswith("/"):
        return entry.target
    parts = entry.path.split("/")[:-1]
    for step in entry.target.split("/"):
        if step == "..":
            parts = parts[:-1]
        elif step not in {"", "."}:
            parts.append(step)
    return "/".join(parts)


def _matches(pattern: Key, keys: Iterable[Key]) -> list[Key]:
    """Return the keys that glob(7) would find; ``*`` stays within one component."""
    parts = [
        re.compile(translate(part.replace("/", ".").replace("[^", "[!")))
        for part in pattern.split(".")
    ]
    found = []
    for key in keys:
        components = key.split(".")
        if len(components) == len(parts) and all(
            part.match(component.replace("/", "."))
            for part, component in zip(parts, components, strict=True)
        ):
            found.append(key)
    return found


def _from_cmdline(cmdline: str) -> list[Setting]:
    """Return the settings that the kernel itself applies, before init runs (Linux 5.8 on)."""
    settings = []
    for word in cmdline.split():
        name, equals, value = word.removeprefix("sysctl.").partition("=")
        if equals and (word.startswith(("sysctl.", "sysctl/"))):
            key = normalize_key(name.removeprefix("sysctl/"))
            settings.append(Setting(key, value, "/proc/cmdline", 1))
    return settings
