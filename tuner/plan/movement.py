"""A plan in values instead of lines: what moves, from what to what, in units and direction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tuner.plan.directions import direction_of
from tuner.plan.plan import Change, Plan
from tuner.plan.spelling import same
from tuner.rules._formulas import usable_ports
from tuner.sysctl.catalog import describe
from tuner.sysctl.key import Key
from tuner.sysctl.value import Value

_PORT_RANGE = Key("net.ipv4.ip_local_port_range")
_PARTS: Mapping[str, tuple[str, ...]] = {
    "net.ipv4.tcp_rmem": ("min", "initial", "max"),
    "net.ipv4.tcp_wmem": ("min", "initial", "max"),
    "net.ipv4.tcp_mem": ("low", "pressure", "high"),
    "net.ipv4.udp_mem": ("low", "pressure", "high"),
    "net.ipv4.ip_local_port_range": ("first", "last"),
}
_SHORT = ("net.ipv4.conf.", "net.ipv4.", "net.core.", "net.netfilter.")
_UNITS = {"seconds": "s", "milliseconds": "ms", "microseconds": "µs", "nanoseconds": "ns"}
_LONG_AGO = 600  # seconds from which on minutes, hours and days read better


@dataclass(frozen=True, slots=True)
class Movement:
    """One key that moves. ``text`` holds all that follows but the rules."""

    key: Key
    text: str
    live: str  # "1 → 2", empty where the live value stays
    next_boot: str  # the same for the next boot
    direction: str  # "looser", "longer", empty where nothing general can be said
    because: tuple[str, ...]


def movements(plan: Plan) -> tuple[Movement, ...]:
    """Return what moves in the plan's order."""
    return tuple(move(change) for change in plan.changes)


def move(change: Change) -> Movement:
    """Return one change in words, such as ``tcp_rmem max 6 MiB → 16 MiB: more memory``."""
    key, after = change.key, change.after
    live = _arrow(key, change.live_before, after) if change.write else ""
    boot = "" if same(change.boot_before, after) else _arrow(key, change.boot_before, after)
    before = change.live_before if change.write else change.boot_before
    direction = direction_of(key)
    word = direction.word(before, after) if direction and before is not None else ""
    if change.write and same(change.live_before, after):
        text, live = f"stays {measured(key, after)}, written again", ""
    elif live and boot:
        text = live if live == boot else f"live {live}, next boot {boot}"
    elif live:
        text = f"{live}, as the next boot gives anyway" if change.boot_before else live
    else:
        text = f"next boot {boot}"
    suffix = f": {word}" if word else ""
    return Movement(key, f"{short(key)} {text}{suffix}", live, boot, word, change.because)


def short(key: Key) -> str:
    """Return the key as people say it: ``tcp_rmem``, ``all.rp_filter``."""
    for prefix in _SHORT:
        if key.startswith(prefix):
            return key.removeprefix(prefix)
    return key


def _arrow(key: Key, before: Value | None, after: Value) -> str:
    """Return ``before → after``; of a vector only what differs, by name."""
    if before is None:
        return f"unknown → {measured(key, after)}"
    names = _PARTS.get(key, ())
    if len(names) != len(before.tokens) or len(names) != len(after.tokens):
        return _to(key, measured(key, before), measured(key, after))
    moved = [
        f"{name} {_to(key, _one(key, old), _one(key, new))}"
        for name, old, new in zip(names, before.tokens, after.tokens, strict=True)
        if old != new
    ]
    text = ", ".join(moved)
    if key == _PORT_RANGE:
        text += f" ({_ports(before)} → {_ports(after)} ports)"
    return text


def _to(key: Key, before: str, after: str) -> str:
    """Return ``before → after``, a unit that both share said once."""
    unit = f" {_unit(key)}"
    if unit != " " and before.endswith(unit) and after.endswith(unit):
        before = before.removesuffix(unit)
    return f"{before} → {after}"


def _ports(value: Value) -> str:
    numbers = value.ints() or (0, -1)
    return str(usable_ports(numbers[0], numbers[-1]))


def measured(key: Key, value: Value) -> str:
    """Return the value with its unit, such as ``16 MiB`` or ``2 h 4 min``."""
    if not value.tokens:
        return "empty"
    unit = _unit(key)
    words = [_one(key, token) for token in value.tokens]
    if len(words) > 1 and unit and all(word.endswith(f" {unit}") for word in words):
        return f"{' '.join(value.tokens)} {unit}"
    return " ".join(words)


def _unit(key: Key) -> str:
    parameter = describe(key)
    unit = parameter.unit if parameter is not None else ""
    return "" if unit == "port" else _UNITS.get(unit, unit)


def _one(key: Key, token: str) -> str:
    unit = _unit(key)
    if not unit or not token.removeprefix("-").isdecimal():
        return token
    number = int(token)
    match unit:
        case "bytes":
            return _bytes(number)
        case "s" if number >= _LONG_AGO:
            return _duration(number)
    return f"{number} {unit}"


def _bytes(number: int) -> str:
    for size, unit in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if number >= size and number % size == 0:
            return f"{number // size} {unit}"
    return f"{number} B"


def _duration(seconds: int) -> str:
    parts = []
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        if seconds >= size:
            parts.append(f"{seconds // size} {unit}")
            seconds %= size
    return " ".join(parts)
