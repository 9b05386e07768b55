"""Settings files of this machine's disk, of no host: single files, sysctl.d folders, root trees."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from tuner.errors import UsageError
from tuner.sysctl.files import Entry, Kind
from tuner.sysctl.tree import DIRECTORIES

LARGEST_FILE = 64 << 20
"""Bytes of a file that are read."""

_OURS = "/etc/sysctl.d"
_MAIN = "/etc/sysctl.conf"
_MODULES = ("/etc/modules-load.d", "/run/modules-load.d", "/usr/lib/modules-load.d")
_SKIPPED = frozenset({".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv"})
_DEPTH = 40  # folders within folders


@dataclass(frozen=True, slots=True)
class Tree:
    """Files that belong together, under the paths that they have on a host.

    ``shown`` tells how the user calls each. ``whole``: a root file system, of which everything is
    here.
    """

    entries: tuple[Entry, ...]
    modules: tuple[Entry, ...] = ()
    shown: Mapping[str, str] = field(default_factory=dict)
    whole: bool = False

    @property
    def count(self) -> int:
        """How many settings files there are."""
        return sum(entry.kind is Kind.FILE for entry in self.entries)


def read_stream(stream: BinaryIO, name: str) -> Tree:
    """Return what a pipe holds, as one file.

    Raises:
        UsageError: it is larger than 64 MiB.
    """
    data = stream.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise UsageError(
            f"{name} is larger than {LARGEST_FILE >> 20} MiB",
            hint="is this really a settings file?",
        )
    return _single(name, data)


def read_trees(path: Path) -> Iterator[Tree]:
    """Yield the trees of a file or folder: one for a file, a sysctl.d folder or a root.

    Any other folder is searched for sysctl.conf files and sysctl.d folders. Links are not followed
    out of a root.

    Raises:
        UsageError: it cannot be read, or nothing is there.
    """
    try:
        if not path.is_dir():
            yield _single(str(path), _read(path))
            return
        if _is_root(path):
            yield _root(path)
            return
        found = list(_search(path))
    except OSError as error:
        raise UsageError(
            f"cannot read {error.filename or path}: {error.strerror}", hint="check the path"
        ) from None
    if not found:
        raise UsageError(
            f"no settings files in {path}",
            hint="they are called sysctl.conf, or lie in a folder and end in .conf",
        )
    yield from found


def _single(name: str, data: bytes) -> Tree:
    base = name.rpartition("/")[2] or "stdin"
    path = f"{_OURS}/{base if base.endswith('.conf') else base + '.conf'}".replace("/.", "/_.")
    return Tree((Entry(path, content=data),), shown={path: name})


def _is_root(path: Path) -> bool:
    return (
        any((path / folder).is_dir() for folder in ("etc/sysctl.d", "usr/lib/sysctl.d"))
        or (path / "etc/sysctl.conf").is_file()
    )


def _search(path: Path, depth: int = 0) -> Iterator[Tree]:
    names = sorted(entry.name for entry in os.scandir(path))
    if path.name == "sysctl.d" or (depth == 0 and any(name.endswith(".conf") for name in names)):
        yield _folder(path, names)
        return
    for name in names:
        below = path / name
        if below.is_symlink():
            continue
        if name == "sysctl.conf" and below.is_file():
            yield _single(str(below), _read(below))
        elif below.is_dir() and name not in _SKIPPED and depth < _DEPTH:
            if depth and _is_root(below):
                yield _root(below)
            else:
                yield from _search(below, depth + 1)


def _folder(path: Path, names: Sequence[str]) -> Tree:
    entries, shown = [], {}
    top = path.resolve()
    for name in names:
        entry = _entry(top / name, f"{_OURS}/{name}", top)
        entries.append(entry)
        shown[entry.path] = str(path / name)
    return Tree(tuple(entries), shown=shown)


def _root(root: Path) -> Tree:
    entries: list[Entry] = []
    modules: list[Entry] = []
    shown: dict[str, str] = {}
    top = root.resolve()
    for folder in (*DIRECTORIES, *_MODULES):
        place = _inside(top, top / folder.lstrip("/"))
        if place is None or not place.is_dir() or (folder == "/lib/sysctl.d" and _is_usr(top)):
            continue
        for name in sorted(entry.name for entry in os.scandir(place)):
            entry = _entry(place / name, f"{folder}/{name}", top)
            (modules if folder in _MODULES else entries).append(entry)
            shown[entry.path] = str(root / folder.lstrip("/") / name)
    main = top / _MAIN.lstrip("/")
    if main.is_symlink() or main.exists():
        entries.append(_entry(main, _MAIN, top))
        shown[_MAIN] = str(root / _MAIN.lstrip("/"))
    return Tree(tuple(entries), tuple(modules), shown, whole=True)


def _is_usr(top: Path) -> bool:
    return (top / "lib").is_symlink() or (top / "lib/sysctl.d").is_symlink()


def _inside(top: Path, path: Path) -> Path | None:
    """Return what a path of the root leads to, links read as inside the root; None for outside."""
    for _ in range(_DEPTH):
        try:
            relative = path.relative_to(top)
        except ValueError:
            return None
        here = top
        for number, part in enumerate(relative.parts):
            here /= part
            if here.is_symlink():
                target = here.readlink()
                rest = relative.parts[number + 1 :]
                base = top if target.is_absolute() else here.parent
                joined = base.joinpath(*(p for p in target.parts if p != "/"), *rest)
                path = Path(os.path.normpath(joined))
                break
        else:
            return path
    return None


def _entry(path: Path, name: str, top: Path) -> Entry:
    """Return one entry as the host would see it."""
    target = str(path.readlink()) if path.is_symlink() else ""
    if target == "/dev/null":
        return Entry(name, Kind.OTHER, target=target)
    place = _inside(top, path)
    try:
        mode = place.stat().st_mode if place is not None else 0
    except OSError:
        mode = 0
    if place is None or not mode:
        return Entry(name, Kind.DANGLING, target=target)
    if stat.S_ISDIR(mode):
        return Entry(name, Kind.DIRECTORY, target=target)
    if not stat.S_ISREG(mode):
        return Entry(name, Kind.OTHER, target=target)
    return Entry(name, content=_read(place), target=target, mode=stat.S_IMODE(mode))


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise UsageError(
            f"{path} is larger than {LARGEST_FILE >> 20} MiB",
            hint="is this really a settings file?",
        )
    return data
