"""The files of a host that loaders look for: which entries a folder has, what an entry holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tuner.sysctl.files import Entry, Kind

DIRECTORIES = (
    "/etc/sysctl.d",
    "/run/sysctl.d",
    "/usr/local/lib/sysctl.d",
    "/usr/lib/sysctl.d",
    "/lib/sysctl.d",
)
"""Folders of drop-in files, the one that shadows the others first (sysctl.d(5))."""
CONF = "/etc/sysctl.conf"


@dataclass(frozen=True, slots=True)
class FileTree:
    """The entries by path.

    ``lib_is_usr_lib``: ``/lib`` is a link, so that ``/lib/sysctl.d`` is ``/usr/lib/sysctl.d`` once
    more. ``credential``: the content of ``sysctl.extra`` that systemd hands to its loader, None
    without one.
    """

    entries: tuple[Entry, ...]
    lib_is_usr_lib: bool = False
    credential: bytes | None = None
    _by_path: dict[str, Entry] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._by_path.update((entry.path, entry) for entry in self.entries)

    def get(self, path: str) -> Entry | None:
        """Return the entry of that path, None for none."""
        if self.lib_is_usr_lib and path.startswith("/lib/"):
            path = f"/usr{path}"
        return self._by_path.get(path)

    def folder(self, path: str) -> list[Entry]:
        """Return the entries of a folder by the bytes of their names."""
        if self.lib_is_usr_lib and path == "/lib/sysctl.d":
            path = "/usr/lib/sysctl.d"
        return sorted(
            (entry for entry in self.entries if entry.path.rpartition("/")[0] == path),
            key=lambda entry: name_bytes(entry.name),
        )

    def resolve(self, entry: Entry) -> str:
        """Return the path that a link names, links in its folders aside."""
        if not entry.target or entry.target.startswith("/"):
            return entry.target
        parts = entry.path.split("/")[:-1]
        for step in entry.target.split("/"):
            if step == "..":
                parts = parts[:-1]
            elif step not in {"", "."}:
                parts.append(step)
        return "/".join(parts)


def name_bytes(name: str) -> bytes:
    """Return the bytes of a name that the host spelled so."""
    return name.encode("utf-8", "surrogateescape")


def chosen(
    tree: FileTree, directories: Iterable[str], *, hidden: bool
) -> tuple[list[Entry], list[tuple[Entry, Entry | None]]]:
    """Return the drop-in files that are read, in their order, and those that are not.

    The first folder that offers a name wins it; names are sorted by their bytes. Each entry that
    is not read comes with the one that shadows it, None where its name does not qualify.

    Args:
        tree: the files.
        directories: the folders, the strongest first.
        hidden: whether names that begin with a dot qualify (procps), ``.conf`` among them.
    """
    winners: dict[str, Entry] = {}
    unread: list[tuple[Entry, Entry | None]] = []
    for directory in directories:
        if tree.lib_is_usr_lib and directory == "/lib/sysctl.d":
            continue  # the same files once more, all shadowed by themselves
        for entry in tree.folder(directory):
            name = entry.name
            if not name.endswith(".conf") or (name.startswith(".") and not hidden):
                unread.append((entry, None))
            elif name in winners:
                unread.append((entry, winners[name]))
            else:
                winners[name] = entry
    return [winners[name] for name in sorted(winners, key=name_bytes)], unread


def masks(entry: Entry) -> bool:
    """Tell whether an entry is there to hide another: empty, /dev/null, or nothing to read."""
    return entry.kind is not Kind.UNREADABLE and not entry.content


def conf_is_linked(tree: FileTree, read: Iterable[Entry]) -> Iterator[Entry]:
    """Yield the drop-in entries that are links to ``/etc/sysctl.conf``."""
    for entry in read:
        if entry.target and tree.resolve(entry) == CONF:
            yield entry
