"""What the next boot sets, worked out once for all hosts of a fleet that boot alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from tuner.snapshot.entries import early_modules
from tuner.sysctl.boot import Boot, Writer, boot
from tuner.sysctl.files import Entry
from tuner.sysctl.forms import Shape, shape_of
from tuner.sysctl.key import Key
from tuner.sysctl.loaders import Program
from tuner.sysctl.version import KernelVersion

_MOST_FILES = 64
_MOST_KEYS = 8  # sets of keys and their shapes, of the same files
_LARGEST = 1 << 18  # bytes of files that are worth remembering


@dataclass(frozen=True, slots=True)
class Given:
    """All that decides a boot but the keys; see tuner.sysctl.boot.boot for what each is."""

    entries: tuple[Entry, ...]
    cmdline: str
    later: tuple[Entry, ...]
    program: Program
    version: KernelVersion
    lib_is_usr_lib: bool
    credential: bytes | None
    read_only: tuple[str, ...]
    fixed: frozenset[Key]
    modules_load: tuple[Entry, ...]
    complete: frozenset[str]
    profiles: tuple[Entry, ...]
    reapply: bool
    writers: tuple[Writer, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        files = (*self.entries, *self.later, *self.modules_load, *self.profiles)
        return sum(len(entry.content) for entry in files)


class _Watched(Mapping[Key, object]):
    """The keys of a host, and which of their texts were looked at."""

    def __init__(self, live: Mapping[Key, object]) -> None:
        self._live = live
        self.seen: dict[Key, object] = {}

    def __getitem__(self, key: Key) -> object:
        text = self.seen[key] = self._live[key]
        return text

    def __contains__(self, key: object) -> bool:
        return key in self._live

    def __iter__(self) -> Iterator[Key]:
        return iter(self._live)

    def __len__(self) -> int:
        return len(self._live)


@dataclass(frozen=True, slots=True)
class _Known:
    """A boot, and what it rests on beside what was given: the keys, and the shapes of a few."""

    keys: frozenset[Key]
    shapes: Mapping[Key, Shape]
    boot: Boot

    def fits(self, live: Mapping[Key, object]) -> bool:
        return self.keys == live.keys() and all(
            _shape(live[key]) == shape for key, shape in self.shapes.items()
        )


def _shape(text: object) -> Shape:
    return shape_of(text if type(text) is str else "")


@dataclass(slots=True)
class _Shelf:
    known: list[_Known] = field(default_factory=list)


@lru_cache(maxsize=_MOST_FILES)
def _shelf(given: Given) -> _Shelf:  # noqa: ARG001 - what it is remembered by
    return _Shelf()


def boot_of(given: Given, live: Mapping[Key, object]) -> Boot:
    """Return what the next boot sets on a host that shows these keys.

    Of what keys read now, their shape is all that matters (AtBoot.shape). Whose shape does is seen,
    not guessed: a boot is taken for another host's only if all that was looked at is the same.
    """
    if given.size > _LARGEST:
        return _work_out(given, live)
    shelf = _shelf(given)
    for known in shelf.known:
        if known.fits(live):
            return known.boot
    watched = _Watched(live)
    result = _work_out(given, watched)
    shapes = {key: _shape(text) for key, text in watched.seen.items()}
    shelf.known = [_Known(frozenset(live), shapes, result), *shelf.known[: _MOST_KEYS - 1]]
    return result


def _work_out(given: Given, live: Mapping[Key, object]) -> Boot:
    return boot(
        given.entries,
        keys=live,
        cmdline=given.cmdline,
        later=given.later,
        program=given.program,
        version=given.version,
        lib_is_usr_lib=given.lib_is_usr_lib,
        credential=given.credential,
        read_only=given.read_only,
        modes=dict.fromkeys(given.fixed, 0o444),
        modules=early_modules(given.modules_load),
        complete=given.complete,
        profiles=given.profiles,
        reapply=given.reapply,
        writers=given.writers,
    )
