"""What was worked out of one host, taken for another where all that it rests on is the same.

The hosts of a fleet are nearly alike, and a rule looks at little of each. What it looks at is not
declared but seen: it is given a snapshot that notes every look, and what comes out is kept with the
notes. For the next host it is taken only if each of those looks would show the same there. What
looks at what no two hosts share (counters, sockets, names, the clock) is never kept, only that it
must be asked again. So a result is always what the host itself would have been told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar

from tuner.policy.policy import Policy
from tuner.snapshot.snapshot import Missing, Snapshot
from tuner.snapshot.system import System
from tuner.sysctl.key import Key
from tuner.sysctl.version import KernelVersion

T = TypeVar("T")

_NEVER_ALIKE = frozenset({"host", "taken", "counters", "sockets", "uptime"})
_PARTS = frozenset(field.name for field in fields(Snapshot)) - {"live", "system"}
_WORKED_OUT = frozenset({"boot", "interfaces", "programs"})
_SYSTEM = frozenset(field.name for field in fields(System))
_MOST = 8  # results of the same work by the same policy that are kept
_MOST_POLICIES = 64
_PATIENCE = 32  # looks in vain, more than such as were of use, before a work is left alone
_LARGEST = 1 << 18  # bytes of files that are worth remembering


class Recall(Generic[T]):
    """One work, and what came of it for hosts that were looked at before. Safe in many threads."""

    def __init__(self, work: Callable[[Snapshot, Policy], T]) -> None:
        self._work = work
        self._shelf: _Shelf[T] = _Shelf()

    def __call__(self, snapshot: Snapshot, policy: Policy) -> T:
        """Return what the work makes of the host; its exceptions are not kept."""
        result, _ = self.ask(snapshot, policy)
        return result

    def ask(self, snapshot: Snapshot, policy: Policy) -> tuple[T, _Kept[T] | None]:
        """Return what the work makes of the host, and what is kept of it, if anything is."""
        kept = self._shelf.find(snapshot, policy)
        if kept is not None:
            return (self._work(snapshot, policy) if kept.asks_again else kept.result), kept
        if self._shelf.given_up or _size(snapshot) > _LARGEST:
            return self._work(snapshot, policy), None
        looks = _Looks()
        result = self._work(_watched(snapshot, looks), policy)
        kept = _Kept(
            policy,
            result,
            looks.never_alike,
            tuple(looks.live.items()),
            tuple(looks.system.items()),
            tuple(looks.parts.items()),
            frozenset(snapshot.live) if looks.keys else None,
        )
        self._shelf.put(kept)
        return result, kept

    def again(self, snapshot: Snapshot, policy: Policy) -> T:
        """Return what the work makes of the host, without a search for another like it."""
        return self._work(snapshot, policy)


class RecallAll(Generic[T]):
    """Many works, each recalled by itself; for a host that is alike in all of them, at once."""

    def __init__(self, works: Iterable[Callable[[Snapshot, Policy], T]]) -> None:
        self._recalls = tuple(Recall(work) for work in works)
        self._shelf: _Shelf[tuple[T | Recall[T], ...]] = _Shelf()

    def __call__(self, snapshot: Snapshot, policy: Policy) -> list[T]:
        """Return what each of the works makes of the host."""
        known = self._shelf.find(snapshot, policy)
        if known is not None:
            return [
                it.again(snapshot, policy) if isinstance(it, Recall) else it for it in known.result
            ]
        answers = [recall.ask(snapshot, policy) for recall in self._recalls]
        if not self._shelf.given_up and any(kept is not None for _, kept in answers):
            self._shelf.put(self._together(answers, policy))
        return [result for result, _ in answers]

    def _together(
        self, answers: Sequence[tuple[T, _Kept[T] | None]], policy: Policy
    ) -> _Kept[tuple[T | Recall[T], ...]]:
        """Return the results with all that they rest on; in place of one, whom to ask again."""
        live: dict[Key, str | Missing | None] = {}
        system: dict[str, object] = {}
        parts: dict[str, object] = {}
        keys: frozenset[Key] | None = None
        results: list[T | Recall[T]] = []
        for recall, (result, kept) in zip(self._recalls, answers, strict=True):
            if kept is None or kept.asks_again:
                results.append(recall)
                continue
            results.append(result)
            live.update(kept.live)
            system.update(kept.system)
            parts.update(kept.parts)
            keys = keys if kept.keys is None else kept.keys
        looks = tuple(live.items()), tuple(system.items()), tuple(parts.items())
        return _Kept(policy, tuple(results), False, *looks, keys)


class _Shelf(Generic[T]):
    """What was kept, by policy, the last first."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[_Kept[T], ...]] = {}  # by the policy's id
        self._in_vain = 0

    @property
    def given_up(self) -> bool:
        """Whether too much was kept in vain."""
        return self._in_vain > _PATIENCE

    def find(self, snapshot: Snapshot, policy: Policy) -> _Kept[T] | None:
        """Return what holds for the host too."""
        for kept in self._kept.get(id(policy), ()):
            if kept.policy is policy and kept.fits(snapshot):
                self._in_vain -= self._in_vain > 0
                return kept
        return None

    def put(self, kept: _Kept[T]) -> None:
        """Keep it; it was in vain until it is found."""
        self._in_vain += 1
        if len(self._kept) >= _MOST_POLICIES:
            self._kept = {}
        known = self._kept.get(id(kept.policy), ())
        self._kept[id(kept.policy)] = (kept, *known[: _MOST - 1])


def _size(snapshot: Snapshot) -> int:
    return sum(len(entry.content) for entry in snapshot.files or ())


@dataclass(frozen=True, slots=True)
class _Kept(Generic[T]):
    """A result and all that was looked at; ``asks_again``: up to something that is never alike."""

    policy: Policy
    result: T
    asks_again: bool
    live: tuple[tuple[Key, str | Missing | None], ...]
    system: tuple[tuple[str, object], ...]
    parts: tuple[tuple[str, object], ...]
    keys: frozenset[Key] | None

    def fits(self, snapshot: Snapshot) -> bool:
        shown = snapshot.live.get
        for key, text in self.live:
            # "absent" is also a text that a key may have
            if (now := shown(key)) != text or type(now) is not type(text):
                return False
        for name, value in self.parts:
            mine = getattr(snapshot, name)
            if mine is not value and not _same(name, mine, value):
                return False
        for name, value in self.system:
            if getattr(snapshot.system, name) != value:
                return False
        return self.keys is None or self.keys == snapshot.live.keys()


def _same(name: str, one: object, other: object) -> bool:
    if name == "boot":
        return False  # boots that are the same are one object, and others are long to compare
    if isinstance(one, KernelVersion) and isinstance(other, KernelVersion):
        return one.release == other.release  # some sentences name it
    return one == other


class _Looks:
    """What was looked at of one host."""

    def __init__(self) -> None:
        self.live: dict[Key, str | Missing | None] = {}
        self.system: dict[str, object] = {}
        self.parts: dict[str, object] = {}
        self.keys = False
        self.never_alike = False


class _WatchedLive(Mapping[Key, str | Missing]):
    """The values of a host."""

    def __init__(self, live: Mapping[Key, str | Missing], looks: _Looks) -> None:
        self._live = live
        self._looks = looks

    def __getitem__(self, key: Key) -> str | Missing:
        value = self._live.get(key)
        if not self._looks.never_alike:
            self._looks.live[key] = value
        if value is None:
            raise KeyError(key)
        return value

    def __iter__(self) -> Iterator[Key]:
        self._looks.keys = True
        return iter(self._live)

    def __len__(self) -> int:
        self._looks.keys = True
        return len(self._live)


class _WatchedSystem(System):
    """What kind of machine the host is."""

    __slots__ = ("_looks", "_real")

    def __getattribute__(self, name: str) -> Any:
        if name not in _SYSTEM:
            return object.__getattribute__(self, name)
        looks = object.__getattribute__(self, "_looks")
        value = getattr(object.__getattribute__(self, "_real"), name)
        if name in _NEVER_ALIKE:
            looks.never_alike = True
        elif not looks.never_alike:
            looks.system[name] = value
        return value


class _WatchedSnapshot(Snapshot):
    """A host."""

    def __getattribute__(self, name: str) -> Any:
        look = object.__getattribute__
        if name not in _PARTS and name not in _WORKED_OUT:
            return look(self, name)
        if "_looks" not in look(self, "__dict__"):
            return look(self, name)  # a copy by dataclasses.replace, which has looked at all
        looks = look(self, "_looks")
        value = getattr(look(self, "_real"), name)
        if name in _NEVER_ALIKE:
            looks.never_alike = True
        elif not looks.never_alike:
            looks.parts[name] = value
        return value


def _watched(snapshot: Snapshot, looks: _Looks) -> Snapshot:
    system = object.__new__(_WatchedSystem)
    object.__setattr__(system, "_real", snapshot.system)
    object.__setattr__(system, "_looks", looks)
    watched = object.__new__(_WatchedSnapshot)
    vars(watched).update(
        _real=snapshot, _looks=looks, live=_WatchedLive(snapshot.live, looks), system=system
    )
    return watched
