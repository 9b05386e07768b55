"""The order in which lines of several files take effect, and what a line does to other keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tuner.rules.hygiene._spots import Spot
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key
from tuner.sysctl.tree import DIRECTORIES
from tuner.sysctl.value import parse_value

RESETS = frozenset({Key("net.ipv4.ip_forward"), Key("net.ipv4.conf.all.forwarding")})
"""Keys whose change writes other keys (linux v6.18 net/ipv4/devinet.c inet_forward_change)."""

_REDIRECTS = Key("net.ipv4.conf.all.accept_redirects")


def in_order(spots: Iterable[Spot], snapshot: Snapshot) -> Iterator[Spot]:
    """Yield lines as boot reads them: by file name, whatever the folder; hidden files left out.

    ``/etc/sysctl.conf`` comes last, as procps reads it, unless a link of its name says otherwise.
    """
    taken: dict[str, str] = {}
    for folder in DIRECTORIES:
        for entry in snapshot.files or ():
            if entry.path.rpartition("/")[0] == folder:
                taken.setdefault(entry.name, entry.path)
    chosen = set(taken.values())
    by_file: dict[str, list[Spot]] = {}
    for spot in spots:
        by_file.setdefault(spot.path, []).append(spot)
    last = [path for path in by_file if path.rpartition("/")[0] not in DIRECTORIES]
    for path in sorted(chosen & set(by_file), key=lambda it: it.rpartition("/")[2].encode()):
        yield from by_file[path]
    for path in last:
        yield from by_file[path]


def resets_to(spot: Spot, key: Key) -> str | None:
    """Return what a change of forwarding writes to another key, None for nothing."""
    on = str(parse_value(spot.value)) not in {"0", ""}
    if key == _REDIRECTS:
        return "0" if on else "1"
    parts = key.split(".")
    if key.startswith("net.ipv4.conf.") and parts[-1] == "forwarding" and key not in RESETS:
        return "1" if on else "0"
    return None


def undone_by(key: Key, before: Spot, seen: Iterable[Spot]) -> Spot | None:
    """Return the line after ``before`` that writes another value to the key, None for none."""
    if key != _REDIRECTS and not key.endswith(".forwarding"):
        return None
    reached = False
    for spot in seen:
        if spot is before:
            reached = True
        elif reached and spot.is_assignment and spot.key in RESETS:
            written = resets_to(spot, key)
            if written not in {None, str(parse_value(before.value))}:
                return spot
    return None
