"""The kernel's own tables of counters under /proc/net, two samples of which give rates."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import zip_longest

from tuner.snapshot.snapshot import Counters

Tables = Mapping[str, Sequence[str]]
"""Path of a file → its lines."""

_NUMBER = re.compile(r"-?[0-9]{1,20}")
_NUMBERS = re.compile(r"(?: -?[0-9]{1,20})+ ?")
_HEX = re.compile(r"[0-9a-fA-F]{1,16}")
_HEXES = re.compile(r" *(?:[0-9a-fA-F]{1,16} +)*[0-9a-fA-F]{1,16} *")
_SOFTNET = {0: "processed", 1: "dropped", 2: "time_squeeze", 9: "received_rps", 10: "flow_limit"}
_PER_TABLE = frozenset({"entries"})  # every CPU's line repeats the whole table's number


def parse_counters(first: Tables, second: Tables) -> Counters | None:
    """Return the counters of the second sample and their growth; None where there are none.

    Rates are empty where the samples' clocks (/proc/uptime) cannot be compared. Levels
    (``sockstat.*``, ``*.entries``, ``conntrack.count``) have rates too, which may be negative.
    """
    before, totals = _read(first), _read(second)
    if not totals:
        return None
    seconds = uptime(second) - uptime(first) if first else 0.0
    if seconds <= 0:
        return Counters(totals, {}, 0.0)
    rates = {
        name: (total - before[name]) / seconds for name, total in totals.items() if name in before
    }
    return Counters(totals, rates, seconds)


def uptime(tables: Tables) -> float:
    """Return the seconds since boot by /proc/uptime, 0 where it is not there."""
    words = " ".join(tables.get("/proc/uptime", ())).split()
    if words and re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,9})?", words[0]):
        return float(words[0])
    return 0.0


def _read(tables: Tables) -> dict[str, int]:
    found: dict[str, int] = {}
    for path in ("/proc/net/netstat", "/proc/net/snmp"):
        found.update(_paired(tables.get(path, ())))
    for path in ("/proc/net/sockstat", "/proc/net/sockstat6"):
        found.update(_sockstat(tables.get(path, ())))
    found.update(_softnet(tables.get("/proc/net/softnet_stat", ())))
    found.update(_per_cpu("conntrack", tables.get("/proc/net/stat/nf_conntrack", ())))
    for name in ("arp_cache", "ndisc_cache"):
        found.update(_per_cpu(name, tables.get(f"/proc/net/stat/{name}", ())))
    for name in ("count", "max"):
        lines = tables.get(f"/proc/sys/net/netfilter/nf_conntrack_{name}", ())
        if lines and _NUMBER.fullmatch(lines[0].strip()):
            found[f"conntrack.{name}"] = int(lines[0])
    return found


def _paired(lines: Sequence[str]) -> dict[str, int]:
    """A line of names, then a line of numbers, both beginning with the group."""
    found: dict[str, int] = {}
    for header, line in zip(lines[::2], lines[1::2], strict=False):
        group, names = _names(header)
        other, _, values = line.partition(":")
        if group != other:
            continue
        words = values.split()
        if _NUMBERS.fullmatch(values):
            found.update(zip(names, map(int, words), strict=False))
        else:
            pairs = zip(names, words, strict=False)
            found.update((name, int(value)) for name, value in pairs if _NUMBER.fullmatch(value))
    return found


@lru_cache(maxsize=256)  # a kernel's names are the same on all hosts that run it
def _names(line: str) -> tuple[str, tuple[str, ...]]:
    """Return the group and the full names of its counters."""
    group, _, rest = line.partition(":")
    return group, tuple(f"{group}.{name}" for name in rest.split())


def _sockstat(lines: Sequence[str]) -> dict[str, int]:
    found = {}
    for line in lines:
        group, _, rest = line.partition(":")
        words = rest.split()
        for name, value in zip(words[::2], words[1::2], strict=False):
            if _NUMBER.fullmatch(value):
                found[f"sockstat.{group}.{name}"] = int(value)
    return found


def _softnet(lines: Sequence[str]) -> dict[str, int]:
    """One line per CPU, hexadecimal, without names (Linux ``net/core/net-procfs.c``)."""
    found: dict[str, int] = {}
    for line in lines:
        words = line.split()
        for column, name in _SOFTNET.items():
            if column < len(words) and _HEX.fullmatch(words[column]):
                name = f"softnet.{name}"  # noqa: PLW2901
                found[name] = found.get(name, 0) + int(words[column], 16)
    return found


def _per_cpu(group: str, lines: Sequence[str]) -> dict[str, int]:
    """A line of names, then one line per CPU, hexadecimal."""
    found: dict[str, int] = {}
    if not lines:
        return found
    names = lines[0].split()
    rows = [
        [int(word, 16) if whole or _HEX.fullmatch(word) else None for word in line.split()]
        for line in lines[1:]
        for whole in [_HEXES.fullmatch(line)]
    ]
    for column, values in zip(names, zip_longest(*rows), strict=False):
        numbers = [value for value in values if value is not None]
        if numbers:
            found[f"{group}.{column}"] = numbers[-1] if column in _PER_TABLE else sum(numbers)
    return found
