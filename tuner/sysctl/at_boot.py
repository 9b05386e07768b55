"""The keys that a kernel has when boot applies the files, and the texts that they start with."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache

from tuner.sysctl.catalog import describe, mainline_default
from tuner.sysctl.files import Entry, parse_file
from tuner.sysctl.key import Key
from tuner.sysctl.version import KernelVersion


class AtBoot(Mapping[Key, str | None]):
    """The keys of a host with the texts that they start with: mainline's defaults, where known.

    ``shape`` is what a key reads now, which shows what it is made of.
    """

    def __init__(
        self, keys: Mapping[Key, object], version: KernelVersion, more: Iterable[Key] = ()
    ) -> None:
        """Start with the keys that are there now, and more that will be."""
        self._keys = keys
        self._more = dict.fromkeys(more)
        self._version = version

    def __getitem__(self, key: Key) -> str | None:
        if key not in self:
            raise KeyError(key)
        return _default(key, self._version)

    def __contains__(self, key: object) -> bool:
        return key in self._keys or key in self._more

    def __iter__(self) -> Iterator[Key]:
        yield from self._keys
        yield from self._more

    def __len__(self) -> int:
        return len(self._keys) + len(self._more)

    def shape(self, key: Key) -> str:
        """Return the key's text of now, empty where it is not known."""
        text = self._keys.get(key)
        return text if type(text) is str else ""


@lru_cache(maxsize=1 << 13)
def _default(key: Key, version: KernelVersion) -> str | None:
    default = mainline_default(key, version)
    return None if default is None else "\t".join(default.tokens)


_TOPS = frozenset({"abi", "crypto", "debug", "dev", "fs", "kernel", "net", "sunrpc", "user", "vm"})


def expected(
    entries: Iterable[Entry],
    shown: Mapping[Key, object],
    modules: Collection[str],
    complete: Collection[str],
    version: KernelVersion,
) -> list[Key]:
    """Return keys that files name, nobody has seen, and that will be there all the same.

    A module brings them, or their part of the tree was not looked at.
    """
    found = []
    for entry in entries:
        for setting in parse_file(entry.path, entry.content).settings:
            key = setting.key
            if key in shown or setting.is_pattern:
                continue
            parameter = describe(key)
            gone = parameter is not None and not parameter.present_in(version)
            brought = parameter is not None and parameter.module in modules
            unseen = (top := key.partition(".")[0]) in _TOPS and top not in complete
            if not gone and (brought or unseen):
                found.append(key)
    return found
