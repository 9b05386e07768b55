"""What roles want, as one list of settings for a host that is only described."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tuner.plan.along import in_order
from tuner.plan.render import Line
from tuner.plan.spelling import decimal, is_secret, spellable, writable_text
from tuner.policy.compliance import limits, remedy, wanted
from tuner.policy.policy import Expectation, Policy
from tuner.rules._sizes import (
    default_buffer_max,
    default_conntrack,
    default_tw_buckets,
    least_hash_entries,
)
from tuner.rules._values import completed, refused
from tuner.snapshot.snapshot import Missing, Snapshot
from tuner.sysctl.catalog import describe, mainline_default
from tuner.sysctl.key import Key
from tuner.sysctl.value import Value, parse_value

_TW_BUCKETS = Key("net.ipv4.tcp_max_tw_buckets")
_ENTRIES = {Key("net.netfilter.nf_conntrack_max"), Key("net.nf_conntrack_max")}
_WMEM = Key("net.ipv4.tcp_wmem")
_BUFFERS = {Key("net.ipv4.tcp_rmem"), _WMEM}
_PLENTY = 8 << 30


@dataclass(frozen=True, slots=True)
class Item:
    """A setting. ``bound``: the one number that the policy asks for at least or at most."""

    line: Line
    relation: str
    bound: int | None = None


@dataclass(frozen=True, slots=True)
class Unsaid:
    """What roles want and no line says, and why. ``item``: what a tool that knows bounds says."""

    key: Key | None
    reason: str
    item: Item | None = None

    @property
    def text(self) -> str:
        """The sentence for the head of a file."""
        return f"{self.key}: {self.reason}" if self.key else self.reason


@dataclass(frozen=True, slots=True)
class Sheet:
    """Roles' settings in the order of writing, and what is not among them."""

    items: tuple[Item, ...]
    unsaid: tuple[Unsaid, ...] = ()

    @property
    def lines(self) -> tuple[Line, ...]:
        """The settings alone."""
        return tuple(item.line for item in self.items)


def sheet(policy: Policy, host: Snapshot) -> Sheet:
    """Return the settings of the policy's roles on a host of that kernel and memory.

    Every expectation becomes a line, also where the kernel's default is as good: the file has to
    hold against whatever else the host has. A bound becomes the nearest value to what the host has,
    or else to the kernel's default, so that no line lowers what is only to be "at least".
    """
    said = [_say(expectation, host) for expectation in policy.expectations.values()]
    items = {it.line.key: it for it in said if isinstance(it, Item)}
    before = {key: default_of(key, host) for key in items}
    order = in_order({key: item.line.value for key, item in items.items()}, before)
    return Sheet(
        tuple(items[key] for key in order), tuple(it for it in said if isinstance(it, Unsaid))
    )


def _say(expectation: Expectation, host: Snapshot) -> Item | Unsaid:
    """Return the setting that an expectation comes to, or why no line says it."""
    key, parameter = expectation.key, describe(expectation.key)
    reading = host.reading(key)
    if reading is Missing.ABSENT:
        return Unsaid(key, "the host's kernel shows no such key, so no line sets it")
    known = isinstance(reading, Value)
    if parameter is not None and not known and not parameter.present_in(host.kernel):
        return Unsaid(key, f"Linux {host.kernel} has no such key, so no line sets it")
    if expectation.default:
        return Unsaid(key, "the kernel's own default is wanted, so no line sets it")
    memory = host.system.memory
    words = wanted(expectation, memory=memory)
    default = default_of(key, host)
    base = reading if isinstance(reading, Value) else default
    value = remedy(expectation, base, default=default, memory=memory)
    bound = _bound(expectation, memory)
    if value is None:
        reason = (
            f"{words}, and its default follows the host's memory, so no line sets it; "
            "--memory or --host-facts decides it"
        )
        only = None if bound is None else _item(expectation, parse_value(str(bound)), bound)
        return Unsaid(key, reason, only)
    value = completed(decimal(key, value), base)
    for problem in _problems(key, value, host):
        return Unsaid(key, f"{words}, but {problem}, so no line sets it")
    return _item(expectation, value, bound)


def _item(expectation: Expectation, value: Value, bound: int | None) -> Item:
    origin = (expectation.origin,) if expectation.origin else ()
    why = " ".join(expectation.why.split())
    return Item(Line(expectation.key, value, origin, why), expectation.relation, bound)


def _bound(expectation: Expectation, memory: int) -> int | None:
    """Return the number of an expectation that asks for one number at least or at most."""
    given = expectation.at_least if expectation.at_least is not None else expectation.at_most
    if not isinstance(given, int) or (expectation.per_gib and not memory):
        return None
    return limits(expectation, 1, memory)[0]


def _problems(key: Key, value: Value, host: Snapshot) -> Iterator[str]:
    if is_secret(key):
        yield "it is a secret"
    if refused(key, value, host.kernel):
        yield f"the kernel refuses {value}"
    if not spellable(key) or not writable_text(value):
        yield "no sysctl file can say it so that every loader reads the same"


def default_of(key: Key, host: Snapshot) -> Value | None:
    """Return the kernel's default, computed from the memory where that is how the kernel does it.

    tcp_rmem and tcp_wmem: only where the memory is large enough for the kernel's own limit.
    """
    default = mainline_default(key, host.kernel)
    memory, kernel = host.system.memory, host.kernel
    if default is not None or not memory:
        return default
    if key == _TW_BUCKETS:
        return parse_value(str(default_tw_buckets(least_hash_entries(memory))))
    if key in _ENTRIES:
        return parse_value(str(default_conntrack(memory, kernel)[0]))
    if key in _BUFFERS and memory >= _PLENTY:
        least = "4096 16384" if key == _WMEM else "4096 131072"
        if key != _WMEM and not kernel.at_least(4, 20):
            least = "4096 87380"
        most = default_buffer_max(memory, receive=key != _WMEM, kernel=kernel)
        return parse_value(f"{least} {most}")
    return None


def with_notes(sheet: Sheet, *notes: str) -> Sheet:
    """Return the sheet with more sentences for the head of the file."""
    return replace(sheet, unsaid=(*sheet.unsaid, *(Unsaid(None, note) for note in notes)))
