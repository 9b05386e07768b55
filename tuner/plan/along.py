"""What the kernel changes along with a key, and in which order keys must be written.

Measured on Linux 6.18 and read in its ``net/ipv4/devinet.c`` (``inet_forward_change``),
``net/ipv6/addrconf.c`` and ``net/ipv4/sysctl_net_ipv4.c`` (``ipv4_local_port_range``,
``ipv4_privileged_ports``). What a write of ``net.ipv4.conf.default`` does to interfaces without an
address is left out: a snapshot does not tell which have one.
"""

from __future__ import annotations

from collections.abc import Mapping

from tuner.plan.spelling import same
from tuner.snapshot.snapshot import Missing
from tuner.sysctl.key import Key
from tuner.sysctl.value import Value, parse_value

FORWARD = Key("net.ipv4.ip_forward")
ALL_REDIRECTS = Key("net.ipv4.conf.all.accept_redirects")

_ALL_FORWARDING = Key("net.ipv4.conf.all.forwarding")
_RANGE = Key("net.ipv4.ip_local_port_range")
_RESERVED = Key("net.ipv4.ip_local_reserved_ports")
_UNPRIVILEGED = Key("net.ipv4.ip_unprivileged_port_start")
_SAME = (
    (FORWARD, _ALL_FORWARDING),
    (Key("net.netfilter.nf_conntrack_max"), Key("net.nf_conntrack_max")),
)
_PROPAGATE = ("disable_ipv6", "forwarding", "addr_gen_mode", "ignore_routes_with_linkdown")
_IPV6_ALL = "net.ipv6.conf.all."
_THRESHOLDS = ("gc_thresh1", "gc_thresh2", "gc_thresh3")
_FIRST, _SHARED, _INTERFACE, _PORTS, _TABLES, _REST = range(6)

Live = Mapping[Key, str | Missing]


def other_names(key: Key) -> tuple[Key, ...]:
    """Return the other names of the very variable that the key is."""
    return tuple(other for pair in _SAME if key in pair for other in pair if other != key)


def along(live: Live, key: Key, value: Value) -> Mapping[Key, str]:
    """Return what the kernel sets besides the key when the value is written; the key itself not.

    Only keys that the host shows are named. A write that changes nothing changes nothing else.
    """
    old = live.get(key)
    if isinstance(old, str) and same(parse_value(old), value):
        return {}
    text = str(value)
    found: dict[Key, str] = dict.fromkeys(other_names(key), text)
    if key in {FORWARD, _ALL_FORWARDING}:
        found[ALL_REDIRECTS] = "0" if value.int() else "1"
        found |= dict.fromkeys(_siblings(live, "net.ipv4.conf.", "forwarding"), text)
    elif key.startswith(_IPV6_ALL) and key.removeprefix(_IPV6_ALL) in _PROPAGATE:
        found |= dict.fromkeys(_siblings(live, "net.ipv6.conf.", key.rpartition(".")[2]), text)
    found.pop(key, None)
    return {name: text for name, text in sorted(found.items()) if isinstance(live.get(name), str)}


def _siblings(live: Live, prefix: str, name: str) -> list[Key]:
    """Return the key of that name of ``all``, ``default`` and every interface."""
    parts = prefix.count(".") + 2
    return [
        key
        for key in live
        if key.startswith(prefix) and key.endswith(f".{name}") and key.count(".") + 1 == parts
    ]


def in_order(after: Mapping[Key, Value], before: Mapping[Key, Value | None]) -> tuple[Key, ...]:
    """Return the keys of ``after`` in the order in which the kernel takes them all.

    Forwarding comes first, since it resets what ``conf`` says; ``all`` before ``default`` before
    interfaces; ports are reserved before the range grows; a range that rises goes before the first
    unprivileged port, one that falls after it, for the kernel refuses a range that begins below
    it; of thresholds the one that makes room; buckets before the entries.
    """
    return tuple(sorted(after, key=lambda key: (*_place(key, after, before), key)))


def _place(
    key: Key, after: Mapping[Key, Value], before: Mapping[Key, Value | None]
) -> tuple[int, int]:
    if key in {FORWARD, _ALL_FORWARDING} or key.endswith(".all.forwarding"):
        return _FIRST, 0
    parts = key.split(".")
    if parts[:1] == ["net"] and "conf" in parts[1:3]:
        where = parts[3] if len(parts) > 3 else ""  # noqa: PLR2004 - net, family, conf, interface
        if where in {"all", "default"}:
            return _SHARED, int(where == "default")
        return _INTERFACE, 0
    if key in {_RESERVED, _RANGE, _UNPRIVILEGED}:
        rises = _first(after.get(_RANGE)) > _first(before.get(_RANGE))
        order = [_RESERVED, _RANGE, _UNPRIVILEGED]
        return _PORTS, order.index(key) if rises else (0, 2, 1)[order.index(key)]
    if parts[-1] in _THRESHOLDS:
        number = _THRESHOLDS.index(parts[-1])
        rises = _first(after[key]) > _first(before.get(key))
        return _TABLES, 3 - number if rises else 3 + number
    if parts[-1] in {"nf_conntrack_buckets", "ip_conntrack_buckets"}:
        return _TABLES, 0
    return (_TABLES, 1) if parts[-1] in {"nf_conntrack_max", "ip_conntrack_max"} else (_REST, 0)


def _first(value: Value | None) -> int:
    numbers = value.ints() if value is not None else None
    return numbers[0] if numbers else 0
