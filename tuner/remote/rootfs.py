"""A host that is a folder with a root file system: a container's, an image's, a mounted disk.

Links are followed as that host would, inside the folder and never out of it.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from tuner.errors import DumpError
from tuner.snapshot.dump import os_release
from tuner.snapshot.entries import LARGEST_FILE, sort_entries
from tuner.snapshot.snapshot import Missing, Snapshot, Source
from tuner.snapshot.system import Loader, System
from tuner.snapshot.writers import find_writers
from tuner.sysctl.catalog import parameters
from tuner.sysctl.files import Entry, Kind
from tuner.sysctl.key import Key
from tuner.sysctl.tree import DIRECTORIES
from tuner.sysctl.version import KernelVersion, parse_version

_MOST_LINKS = 40
_MOST_ENTRIES = 2000
_FOLDERS = (
    *DIRECTORIES,
    "/etc/modules-load.d",
    "/run/modules-load.d",
    "/usr/lib/modules-load.d",
    "/etc/systemd/network",
    "/etc/udev/rules.d",
)
_FILES = (
    "/etc/sysctl.conf",
    "/etc/modules",
    "/etc/ufw/ufw.conf",
    "/etc/default/ufw",
    "/etc/ufw/sysctl.conf",
    "/etc/tuned/tuned-main.conf",
    "/etc/credstore/sysctl.extra",
    "/etc/rc.local",
    "/etc/network/interfaces",
)
_WANTS = "/etc/systemd/system/multi-user.target.wants"
_INTERFACES = ("all", "default", "lo")


def is_root(path: Path) -> bool:
    """Tell whether the folder looks like a root file system; never raises."""
    try:
        return (path / "etc").is_dir()
    except OSError:
        return False


def read_root(path: Path) -> Snapshot:
    """Return what a root file system tells; nothing of it is live.

    Raises:
        DumpError: the folder cannot be read.
    """
    root = _Root(path)
    try:
        entries = [*root.entries()]
        return _snapshot(root, entries)
    except OSError as error:
        said = error.strerror or str(error)
        raise DumpError(
            f"cannot read it: {said}", file=str(path), hint="check the path and its permissions"
        ) from None


def _snapshot(root: _Root, entries: list[Entry]) -> Snapshot:
    told = sort_entries(entries)
    system = _system(root)
    kernel = _kernel(root)
    shown = [f"{_WANTS}/{name}" for name in root.names(_WANTS)]
    return Snapshot(
        host=_text(root, "/etc/hostname").strip() or root.path.resolve().name,
        kernel=kernel,
        source=Source.ROOT,
        system=system,
        live=dict.fromkeys(_keys(kernel), Missing.UNASKED),
        complete=frozenset(),
        files=told.files,
        later_files=told.later,
        modules_load=told.modules,
        profiles=told.profiles,
        reapply=told.reapply,
        writers=find_writers(shown, told.telling),
        credential=told.credential,
    )


def _keys(kernel: KernelVersion) -> Iterator[Key]:
    """Yield the keys that the catalogue knows of such a kernel, for the usual interfaces."""
    for key, parameter in parameters().items():
        if parameter.present_in(kernel):
            names = _INTERFACES if ".*." in key else ("",)
            for name in names:
                yield Key(key.replace(".*.", f".{name}.")) if name else key


def _system(root: _Root) -> System:
    release = os_release(
        (_text(root, "/etc/os-release") or _text(root, "/usr/lib/os-release")).split("\n")
    )
    loaders = []
    for folder in ("/usr/lib/systemd", "/lib/systemd", "/usr/lib/x86_64-linux-gnu/systemd"):
        for name in root.names(folder):
            match = re.fullmatch(r"libsystemd-shared-(\d{3})\S*\.so", name)
            if match:
                loaders.append(Loader("systemd-sysctl", match[1]))
    packages = _text(root, "/var/lib/dpkg/status", 32 << 20)
    for name in ("procps", "busybox"):
        match = re.search(
            rf"^Package: {name}\n(?:.+\n)*?Version: (?:\d+:)?([\d.]+)", packages, re.MULTILINE
        ) or re.search(
            rf"^P:{name}(?:-ng)?\nV:([\d.]+)", _text(root, "/lib/apk/db/installed"), re.MULTILINE
        )
        if match:
            loaders.append(Loader(name, match[1]))
    there = any(loader.name == "systemd-sysctl" for loader in loaders)
    openrc = root.stat("/sbin/openrc-run") is not None or root.stat("/etc/init.d/sysctl")
    return System(
        os_id=release.get("ID", ""),
        os_version=release.get("VERSION_ID", ""),
        os_name=release.get("PRETTY_NAME", ""),
        init="systemd" if there else "openrc" if openrc else "",
        loaders=tuple(loaders),
        merged_usr=not (root.path / "lib").is_dir() or (root.path / "lib").is_symlink(),
    )


def _kernel(root: _Root) -> KernelVersion:
    """Return the newest kernel of the root; Linux 6.1 where there is none."""
    found = []
    for folder in ("/usr/lib/modules", "/lib/modules"):
        for name in root.names(folder):
            try:
                found.append(parse_version(name))
            except ValueError:
                continue
    return max(found, default=parse_version("6.1"))


def _text(root: _Root, path: str, longest: int = 1 << 20) -> str:
    return root.content(path, longest).decode("utf-8", "backslashreplace")


class _Root:
    """A folder that stands for /."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def entries(self) -> Iterator[Entry]:
        """Yield the entries of every folder and file that says what boot does."""
        paths = [f"{folder}/{name}" for folder in _FOLDERS for name in self.names(folder)]
        for folder in DIRECTORIES:
            if self._is_closed(folder):
                yield Entry(f"{folder}/*.conf", Kind.UNREADABLE)
        split = not (self.path / "lib").is_symlink()
        for path in [*paths[:_MOST_ENTRIES], *_FILES, *self._profiles()]:
            if path.startswith("/lib/") and not split:
                continue
            entry = self._entry(path)
            if entry is not None:
                yield entry

    def _profiles(self) -> list[str]:
        """Return TuneD's active profiles."""
        words = self.content("/etc/tuned/active_profile", 4096).decode("utf-8", "replace").split()
        return [
            path
            for word in words
            if "/" not in word and not word.startswith(".")
            for folder in ("/etc/tuned/profiles", "/etc/tuned", "/usr/lib/tuned")
            if self.stat(path := f"{folder}/{word}/tuned.conf") is not None
        ][:8]

    def names(self, folder: str) -> list[str]:
        """Return the names in a folder, sorted; none where it is not there."""
        place = self._resolve(folder)
        if place is None or not place.is_dir():
            return []
        return sorted(name for name in os.listdir(place) if "\n" not in name)  # noqa: PTH208

    def stat(self, path: str) -> os.stat_result | None:
        """Return what is behind a path, links followed inside; None for nothing."""
        place = self._resolve(path)
        return place.lstat() if place is not None else None

    def content(self, path: str, longest: int = LARGEST_FILE) -> bytes:
        """Return the content of a regular file, cut at ``longest``; empty for anything else."""
        place = self._resolve(path)
        if place is None or not stat.S_ISREG(place.lstat().st_mode):
            return b""
        descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            return file.read(longest)

    def _entry(self, path: str) -> Entry | None:
        own = self._resolve(path.rpartition("/")[0])
        if own is None:
            return None
        own /= path.rpartition("/")[2]
        try:
            here = own.lstat()
        except OSError:
            return None
        shown = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        target = str(own.readlink()) if stat.S_ISLNK(here.st_mode) else ""
        there = self.stat(path)
        if there is None:
            kind = Kind.OTHER if target == "/dev/null" else Kind.DANGLING
            return Entry(shown, kind, target=target)
        mode = stat.S_IMODE(there.st_mode)
        if stat.S_ISDIR(there.st_mode):
            return Entry(shown, Kind.DIRECTORY, target=target, mode=mode)
        if not stat.S_ISREG(there.st_mode):
            return Entry(shown, Kind.OTHER, target=target, mode=mode)
        try:
            content = self.content(path, LARGEST_FILE + 1)
        except OSError:
            return Entry(shown, Kind.UNREADABLE, target=target, mode=mode)
        if len(content) > LARGEST_FILE:
            return Entry(shown, Kind.UNREADABLE, target=target, mode=mode)
        return Entry(shown, Kind.FILE, content, target, mode)

    def _is_closed(self, folder: str) -> bool:
        """Tell whether nobody lets us see if the folder is there."""
        try:
            (self.path / folder.lstrip("/")).lstat()
        except PermissionError:
            return True
        except OSError:
            pass
        return False

    def _resolve(self, path: str) -> Path | None:
        """Return the real place of a path inside the root, None where it leads to nothing."""
        done: list[str] = []
        todo = [part for part in path.split("/") if part not in {"", "."}]
        links = 0
        while todo:
            part = todo.pop(0)
            if part == "..":
                done = done[:-1]
                continue
            place = self.path.joinpath(*done, part)
            try:
                mode = place.lstat().st_mode
            except OSError:
                return None
            if not stat.S_ISLNK(mode):
                done.append(part)
                continue
            links += 1
            if links > _MOST_LINKS:
                return None
            target = str(place.readlink())
            if target.startswith("/"):
                done = []
            todo[:0] = [step for step in target.split("/") if step not in {"", "."}]
        return self.path.joinpath(*done)
