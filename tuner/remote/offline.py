"""Hosts that are files: dumps of the probe, outputs of ``sysctl -a``, sosreports."""

from __future__ import annotations

import os
import stat
import tarfile
import zlib
from collections.abc import Sequence
from lzma import LZMAError
from pathlib import Path, PurePosixPath
from typing import IO, cast

from tuner.errors import DumpError
from tuner.quoting import first_line
from tuner.snapshot.dump import is_dump, parse_dump
from tuner.snapshot.snapshot import Snapshot
from tuner.snapshot.sosreport import SYSCTL_A, parse_sosreport, wanted
from tuner.snapshot.sysctl_a import is_sysctl_a, parse_sysctl_a
from tuner.sysctl.files import Entry, Kind

_LARGEST = 64 << 20
_LARGEST_MEMBER = 4 << 20
_LARGEST_TAR = 4 << 30
_MOST_MEMBERS = 500_000
_MAGIC = (b"\x1f\x8b", b"\xfd7zXZ\0", b"BZh")
_BLOCK = 512  # of a tar, whose magic is in the first
_USTAR = slice(257, 262)
_SUFFIXES = (".dump", ".txt", ".tar.gz", ".tar.xz", ".tar.bz2", ".tgz", ".txz", ".tar")


def read(path: Path, *, host: str = "") -> Snapshot:
    """Return the snapshot of a dump, an output of ``sysctl -a`` or a sosreport.

    Raises:
        DumpError: it is none of these, or damaged; names the file.
    """
    try:
        if path.is_dir():
            return parse_sosreport(_from_folder(path), host=host)
        return _from_file(path, host)
    except OSError as error:
        raise DumpError(
            f"cannot read it: {error.strerror or error}",
            file=str(path),
            hint="check the path and its permissions",
        ) from None
    except DumpError as error:
        raise DumpError(error.message, file=str(path), hint=error.hint) from None


def is_offline(path: Path) -> bool:
    """Tell whether the path is a dump, an output of ``sysctl -a`` or a sosreport; never raises."""
    try:
        if path.is_dir():
            return (path / SYSCTL_A).exists()
        with path.open("rb") as file:
            head = file.read(1 << 16)
    except OSError:
        return False
    packed = head.startswith(_MAGIC) or head[_USTAR] == b"ustar"
    return packed or is_dump(head) or is_sysctl_a(head)


def _from_file(path: Path, host: str) -> Snapshot:
    with path.open("rb") as file:
        # What comes through a pipe can be read once only.
        head = file.read(_BLOCK)
        if head.startswith(_MAGIC) or head[_USTAR] == b"ustar":
            return parse_sosreport(_from_tar(_Begun(head, file)), host=host)
        data = head + file.read(_LARGEST + 1 - len(head))
    _bound(data, path)
    if is_dump(data):
        return parse_dump(data, host=host)
    if is_sysctl_a(data):
        return parse_sysctl_a(data, host=host)
    said = first_line(data)
    raise DumpError(
        f'no dump: it begins with "{said}"' if said else "no dump: it is empty",
        hint="tuner reads dumps (sh probe.sh > HOST.dump), sysctl -a outputs and sosreports",
    )


def read_bytes(path: Path) -> bytes:
    """Return what a file holds.

    Raises:
        DumpError: it cannot be read, or is larger than 64 MiB.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise DumpError(
            f"cannot read it: {error.strerror}",
            file=str(path),
            hint="check the path and its permissions",
        ) from None
    _bound(data, path)
    return data


def _bound(data: bytes, path: Path) -> None:
    if len(data) > _LARGEST:
        raise DumpError(
            f"it is larger than {_LARGEST >> 20} MiB", file=str(path), hint="is this really a dump?"
        )


def dumps_in(paths: Sequence[Path]) -> list[tuple[str, Path]]:
    """Return (host name, path) of every file, and of every entry of every folder, sorted.

    A file ``web01.dump`` is host web01. A folder that is a sosreport is one host. In folders, names
    that begin with a dot and suffixes that no dump has are passed over.

    Raises:
        DumpError: a path does not exist, a folder has no dumps, or two files are one host.
    """
    found: dict[str, Path] = {}
    for path in paths:
        try:
            inside = _dumps_of(path)
        except OSError as error:
            raise DumpError(
                f"cannot read it: {error.strerror}",
                file=str(path),
                hint="check the path and its permissions",
            ) from None
        for name, dump in inside:
            if name in found and found[name] != dump:
                raise DumpError(
                    f"host {name} has a second dump, besides {found[name]}",
                    file=str(dump),
                    hint="rename or leave out one of them",
                )
            found[name] = dump
    return sorted(found.items())


def _dumps_of(path: Path) -> list[tuple[str, Path]]:
    if not path.is_dir():
        path.stat()
        return [(_name(path), path)]
    if (path / SYSCTL_A).exists():
        return [(path.resolve().name, path)]
    inside = []
    for entry in sorted(path.iterdir()):
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            if (entry / SYSCTL_A).exists():
                inside.append((entry.name, entry))
        elif entry.name.endswith(_SUFFIXES):
            inside.append((_name(entry), entry))
    if not inside:
        raise DumpError(
            "no dumps in this folder",
            file=str(path),
            hint=f"their names end with one of {' '.join(_SUFFIXES)}",
        )
    return inside


def _name(path: Path) -> str:
    for suffix in _SUFFIXES:
        if path.name.endswith(suffix) and path.name != suffix:
            return path.name.removesuffix(suffix)
    return path.name


def _from_folder(root: Path) -> dict[str, Entry]:
    """Return the files tuner wants; no link is followed, for they lead out of the report."""
    entries: dict[str, Entry] = {}
    for folder, folders, names in os.walk(root, followlinks=False):
        for name in [*names, *folders]:
            path = Path(folder, name)
            relative = path.relative_to(root).as_posix()
            if not wanted(relative):
                continue
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                entry = Entry(f"/{relative}", Kind.DANGLING, target=str(path.readlink()))
            elif stat.S_ISREG(mode):
                entry = Entry(f"/{relative}", content=read_bytes(path), mode=stat.S_IMODE(mode))
            else:
                entry = Entry(f"/{relative}", Kind.OTHER)
            entries[relative] = entry
    return _follow(entries)


class _Begun:
    """A file whose first bytes have been read, as tarfile wants to read it."""

    def __init__(self, head: bytes, file: IO[bytes]) -> None:
        self._head, self._file = head, file

    def read(self, size: int) -> bytes:
        """Return the next bytes, fewer only at the end."""
        head, self._head = self._head[:size], self._head[size:]
        return head + self._file.read(size - len(head))


def _from_tar(packed: _Begun) -> dict[str, Entry]:
    """Return the files tuner wants, read one after the other; nothing is written to disk."""
    entries: dict[str, Entry] = {}
    try:
        with tarfile.open(fileobj=cast("IO[bytes]", packed), mode="r|*") as archive:
            for number, member in enumerate(archive):
                if number >= _MOST_MEMBERS or archive.offset > _LARGEST_TAR:
                    raise DumpError(
                        "the archive is too large for a sosreport",
                        hint="unpack it, and name the folder",
                    )
                relative = "/".join(PurePosixPath(member.name.removeprefix("./")).parts[1:])
                if ".." in relative.split("/") or not wanted(relative):
                    continue
                if member.issym():
                    target = member.linkname[:4096]
                    entries[relative] = Entry(f"/{relative}", Kind.DANGLING, target=target)
                elif member.isreg() and member.size <= _LARGEST_MEMBER:
                    file = archive.extractfile(member)
                    content = file.read(_LARGEST_MEMBER) if file else b""
                    mode = member.mode & 0o7777
                    entries[relative] = Entry(f"/{relative}", content=content, mode=mode)
                elif member.isreg():
                    entries[relative] = Entry(f"/{relative}", Kind.UNREADABLE)
    except (tarfile.TarError, EOFError, LZMAError, zlib.error, ValueError) as error:
        raise DumpError(
            f"the archive is damaged or no sosreport: {error}", hint="copy it again"
        ) from None
    return _follow(entries)


def _follow(entries: dict[str, Entry]) -> dict[str, Entry]:
    """Give links the content of what they name inside the report, as the host would read it."""
    followed = dict(entries)
    for name, entry in entries.items():
        if not entry.target:
            continue
        if entry.target == "/dev/null":
            followed[name] = Entry(entry.path, Kind.OTHER, target=entry.target)
            continue
        goal = os.path.normpath(os.path.join("/", os.path.dirname(name), entry.target))  # noqa: PTH118, PTH120
        there = entries.get(goal.lstrip("/"))
        if there is None or there.target:
            # The report leaves most of the host out, so what is not here may well be there.
            followed[name] = Entry(entry.path, Kind.UNREADABLE, target=entry.target)
        else:
            followed[name] = Entry(entry.path, there.kind, there.content, entry.target, there.mode)
    return followed
