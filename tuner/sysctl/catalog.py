"""What the kernel says of each key: meaning, type, range, default and lifetime, by release.

The data is ``catalog/*.yml``, one file per family, read once and only when asked for. Every entry
names its sources. Vendors backport, so a release explains a host and never overrules it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from tuner.sysctl.catalog_text import read_files
from tuner.sysctl.key import Key
from tuner.sysctl.value import Value, parse_value
from tuner.sysctl.version import KernelVersion, parse_version

_FOLDER = Path(__file__).with_suffix("")
_PATTERN_AT = 3  # net.ipv4.conf.*: the component that names an interface, counted from 0


def _check_release(text: str) -> str:
    parse_version(text)
    return text


Release = Annotated[str, AfterValidator(_check_release)]
"""A mainline release such as ``4.18``, quoted in YAML so that 4.10 stays 4.10."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Range(_Record):
    """The lowest and highest number, both inclusive; None where there is no such bound.

    ``times_hz``: the kernel keeps the number in timer ticks, and the bounds hold for the number
    times HZ (100, 250, 300 or 1000). ``since``: enforced from that release on at the latest.
    """

    min: int | None = None
    max: int | None = None
    times_hz: bool = False
    since: Release | None = None

    def bounds(self, hz: int = 100) -> tuple[int | None, int | None]:
        """Return both bounds in the key's own unit. HZ 100 gives the widest of any kernel."""
        if not self.times_hz:
            return self.min, self.max
        return (
            None if self.min is None else -(-self.min // hz),
            None if self.max is None else self.max // hz,
        )

    def __contains__(self, number: int) -> bool:
        low, high = self.bounds()
        return (low is None or low <= number) and (high is None or number <= high)


class Default(_Record):
    """The value that mainline starts with from that release on; None where it is computed."""

    since: Release
    value: str | None = None
    computed: str = ""

    @model_validator(mode="after")
    def _says_one_thing(self) -> Default:
        if (self.value is None) != bool(self.computed):
            raise ValueError("a default has either a value or a sentence on how it is computed")
        return self


Direction = Literal["looser", "stricter", "longer", "memory"]
"""What a larger number does: limits less, refuses more, waits longer, may use more memory."""

TakesEffect = Literal[
    "at once",  # the next packet or decision reads it
    "new connections",  # sockets and connections made afterwards
    "next listen()",
    "next timer",  # timers that run are not changed
    "next packet",  # a tracked connection takes it up with its next packet
    "new devices",  # and addresses that are added afterwards
    "new namespaces",
]
"""Whom a write reaches."""


class Netns(_Record):
    """How a network namespace sees the key.

    ``child``: ``own`` copy that it may write, ``read-only`` view, ``absent`` in all but the first
    namespace, or ``shared`` (not a matter of network namespaces; a write there acts on all).
    ``since`` is the release from which this holds.
    """

    child: Literal["own", "read-only", "absent", "shared"]
    since: Release | None = None
    note: str = ""

    @property
    def per_namespace(self) -> bool:
        """Whether each network namespace has its own value."""
        return self.child == "own"


class Parameter(_Record):
    """One key, or with a ``*`` component one key of every interface.

    ``range`` is what the kernel enforces on a write, for each number of a vector, and ``accepts``
    says the same in words where it is no range; ``sensible`` is what makes sense. ``since`` None:
    older than 2.6.32, the oldest release looked at; ``until`` is the last release that has the key,
    ``inert_since`` the first in which it does nothing. ``direction`` is what a larger number does,
    None where that has no answer; ``takes_effect`` is whom a write reaches, None for what cannot be
    written or is gone.
    """

    key: Key
    family: str = ""  # the file that describes it
    type: Literal["bool", "int", "enum", "bitmap", "vector", "string", "ports", "trigger"]
    summary: str = Field(min_length=1)
    unit: str = ""
    values: Mapping[str, str] = Field(default_factory=dict)  # what each value of an enum means
    range: Range | None = None
    accepts: str = ""  # in words, where numbers do not say what a write may hold
    sensible: Range | None = None
    defaults: tuple[Default, ...] = ()
    since: Release | None = None
    until: Release | None = None
    inert_since: Release | None = None
    never: bool = False  # no Linux release ever had it, though tuning guides name it
    netns: Netns | None = None
    writable: bool = True
    module: str = ""
    direction: Direction | None = None
    takes_effect: TakesEffect | None = None
    affects: str = ""
    see: str = ""
    interacts: tuple[Key, ...] = ()
    replaced_by: Key | None = None
    sources: tuple[str, ...] = Field(min_length=1)

    def default(self, kernel: KernelVersion) -> Value | None:
        """Return mainline's default, None where it depends on the machine or is not known."""
        found: Value | None = None
        for default in self.defaults:
            if not _reached(kernel, default.since):
                break
            found = None if default.value is None else parse_value(default.value)
        return found if self.present_in(kernel) else None

    def present_in(self, kernel: KernelVersion) -> bool:
        """Tell whether mainline of that release has the key, its module being loaded."""
        if self.never or (self.since is not None and not _reached(kernel, self.since)):
            return False
        if self.until is None:
            return True
        last = parse_version(self.until)
        return _release(kernel) <= _release(last)

    def inert_in(self, kernel: KernelVersion) -> bool:
        """Tell whether that release keeps the key and ignores what it says."""
        return (
            self.inert_since is not None
            and _reached(kernel, self.inert_since)
            and self.present_in(kernel)
        )


@lru_cache(maxsize=1 << 14)  # every rule asks for the same keys, on every host
def describe(key: Key) -> Parameter | None:
    """Return what is known of the key, by its own entry or by that of every interface."""
    known = parameters()
    exact = known.get(key)
    if exact is not None:
        return exact
    parts = key.split(".")
    if len(parts) <= _PATTERN_AT:
        return None
    return known.get(Key(".".join((*parts[:_PATTERN_AT], "*", *parts[_PATTERN_AT + 1 :]))))


@lru_cache(maxsize=1 << 14)
def mainline_default(key: Key, kernel: KernelVersion) -> Value | None:
    """Return mainline's default, None where it depends on the machine or nobody knows the key."""
    parameter = describe(key)
    return None if parameter is None else parameter.default(kernel)


@cache
def latest_release() -> KernelVersion:
    """Return the newest release that an entry speaks of: what is known here goes up to it."""
    named = (
        release
        for entry in parameters().values()
        for release in (
            entry.since,
            entry.until,
            entry.inert_since,
            *(d.since for d in entry.defaults),
        )
        if release is not None
    )
    return max(map(_parsed, named))


class Family(_Record):
    """One file of the catalogue: keys that explain each other side by side."""

    name: str
    title: str = ""
    sources: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)  # shared, by a short name


@dataclass(frozen=True)
class _Catalogue:
    parameters: Mapping[Key, Parameter]
    families: Mapping[str, Family]


def parameters() -> Mapping[Key, Parameter]:
    """Return the whole catalogue, sorted by key."""
    return _catalogue().parameters


def families() -> Mapping[str, Family]:
    """Return the families of keys, sorted by name."""
    return _catalogue().families


@cache
def _catalogue() -> _Catalogue:
    rows: list[dict[str, object]] = []
    found: dict[str, Family] = {}
    seen: set[str] = set()
    for name, content in read_files(_FOLDER).items():
        if not isinstance(content, dict):
            raise TypeError(f"{name}.yml: not a mapping of keys")
        about = content.pop("family", {})
        family = Family.model_validate({"name": name, **about})
        found[family.name] = family
        for key, row in content.items():
            if key in seen:
                raise ValueError(f"{name}.yml: {key} is described twice")
            seen.add(key)
            rows.append({"key": key, "family": family.name, **_spelled_out(row, family)})
    entries = TypeAdapter(tuple[Parameter, ...]).validate_python(rows)
    by_key = {entry.key: entry for entry in sorted(entries, key=lambda entry: entry.key)}
    return _Catalogue(MappingProxyType(by_key), MappingProxyType(found))


def _spelled_out(row: dict[str, Any], family: Family) -> dict[str, Any]:
    """Return the row with its defaults as records and its family's sources in full.

    A file says ``defaults: {"4.18": "2"}`` and, for what depends on the machine,
    ``computed: {"4.2": how}``: half of the nodes that records would be, and the catalogue is read
    at the start of every run.
    """
    values, sentences = row.pop("defaults", {}), row.pop("computed", {})
    row["defaults"] = sorted(
        (
            *({"since": since, "value": value} for since, value in values.items()),
            *({"since": since, "computed": how} for since, how in sentences.items()),
        ),
        key=lambda default: _release(parse_version(default["since"])),
    )
    row["sources"] = [
        source for name in row.get("sources", ()) for source in family.sources.get(name, (name,))
    ]
    return row


def _release(kernel: KernelVersion) -> tuple[int, ...]:
    """Return what mainline calls a release: 2.6.32 but 4.18, whatever the stable number."""
    if kernel.major < 3:  # noqa: PLR2004 - three numbers named a release up to 2.6.39
        return (kernel.major, kernel.minor, kernel.patch)
    return (kernel.major, kernel.minor, 0)


_parsed = lru_cache(maxsize=256)(parse_version)  # the catalogue names few releases, very often


def _reached(kernel: KernelVersion, since: str) -> bool:
    return _release(kernel) >= _release(_parsed(since))
