"""known_hosts files, read once per run: whose key is this, and which keys has this name?

Looking a name up among hashed lines costs one HMAC for each line, so a fleet's worth of names
would cost lines times hosts. A server shows its key first; only the lines with that very key are
compared with the name, and the slow way is left for keys that are not on record.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import hashlib
import hmac
import os
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tuner.errors import HostKeyError
from tuner.remote.ssh_config import matches

_LARGEST = 256 * 1024 * 1024  # bytes of one file; more is not a known_hosts file


class Standing(StrEnum):
    """What the files say of a key that a host showed."""

    KNOWN = "known"
    UNKNOWN = "unknown"  # the name is not in the files
    CHANGED = "changed"  # the name is there, with another key of this type
    OTHER_TYPE = "other type"  # the name is there, with keys of other types only
    REVOKED = "revoked"
    AUTHORITY = "authority"  # only a @cert-authority line is for the name


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a known_hosts file."""

    marker: str  # "", @revoked or @cert-authority
    names: str
    kind: str  # ssh-ed25519 …
    blob: str  # base64, as written
    path: Path
    number: int

    def names_host(self, name: str) -> bool:
        """Return whether the line is for a name, which may be ``[host]:port``."""
        if self.names.startswith("|1|"):
            try:
                _, _, salt, digest = self.names.split("|")
                key, want = base64.b64decode(salt), base64.b64decode(digest)
            except (ValueError, binascii.Error):
                return False
            return hmac.digest(key, name.lower().encode(), "sha1") == want
        if self.names == name:
            return True
        return matches(self.names.split(","), name)


@dataclass(frozen=True, slots=True)
class Opinion:
    """The standing of a key, the line that decides, and the types on record for the name."""

    standing: Standing
    line: Line | None = None
    kinds: tuple[str, ...] = ()


class KnownHosts:
    """The lines of some known_hosts files. Safe for many threads."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = tuple(paths)
        self._lock = threading.Lock()
        self._lines: list[Line] = []
        self._by_blob: dict[str, list[Line]] = {}
        self._kinds_by_name: dict[str, list[str]] = {}
        counts: Counter[str] = Counter()
        for path in self.paths:
            for line in _read(path):
                self._add(line)
                counts[line.kind] += not line.marker
        self._common = tuple(kind for kind, _ in counts.most_common())

    def __len__(self) -> int:
        return len(self._lines)

    def kinds(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return key types to ask a host for first: its own where cheap to know, else the usual."""
        for name in names:
            found = self._kinds_by_name.get(name.lower())
            if found:
                return tuple(found)
        return self._common

    def judge(self, names: Sequence[str], kind: str, blob: bytes) -> Opinion:
        """Return what the files say of a key.

        Args:
            names: the name that counts (``[host]:port`` for other ports than 22), then names that
                also vouch for the same key, but whose other keys do not mean that it changed.
            kind: the key's type, such as ``ssh-ed25519``.
            blob: the key as it came over the wire.
        """
        same = self._by_blob.get(base64.b64encode(blob).decode(), ())
        for line in same:
            if line.marker == "@revoked" and any(line.names_host(name) for name in names):
                return Opinion(Standing.REVOKED, line)
        for line in same:
            if not line.marker and any(line.names_host(name) for name in names):
                return Opinion(Standing.KNOWN, line)
        with self._lock:
            lines = list(self._lines)
        mine = [line for line in lines if line.names_host(names[0])]
        kinds = tuple(dict.fromkeys(line.kind for line in mine if not line.marker))
        for line in mine:
            if not line.marker and line.kind == kind:
                return Opinion(Standing.CHANGED, line, kinds)
        for line in mine:
            if not line.marker:
                return Opinion(Standing.OTHER_TYPE, line, kinds)
        for line in mine:
            if line.marker == "@cert-authority":
                return Opinion(Standing.AUTHORITY, line)
        return Opinion(Standing.UNKNOWN)

    def accept(
        self, name: str, kind: str, blob: bytes, *, record: Path | None, hashed: bool
    ) -> None:
        """Append a key to a file, once, whatever other processes do at the same time.

        Without a file it is known for the rest of the run only.

        Raises:
            HostKeyError: the file cannot be written.
        """
        text = base64.b64encode(blob).decode()
        shown = _hashed(name) if hashed else name.lower()
        with self._lock:
            if any(
                not line.marker and line.names_host(name) for line in self._by_blob.get(text, ())
            ):
                return
            try:
                if record is not None:
                    _append(record, f"{shown} {kind} {text}\n")
            except OSError as error:
                raise HostKeyError(
                    f"cannot add the new host key of {name} to {record}: {error.strerror}",
                    hint="mend its permissions, or name another file by UserKnownHostsFile",
                ) from None
            self._add(Line("", shown, kind, text, record or Path(os.devnull), 0))

    def _add(self, line: Line) -> None:
        self._lines.append(line)
        self._by_blob.setdefault(line.blob, []).append(line)
        if not line.marker and not line.names.startswith("|"):
            for name in line.names.lower().split(","):
                kinds = self._kinds_by_name.setdefault(name, [])
                if line.kind not in kinds:
                    kinds.append(line.kind)


def _read(path: Path) -> Iterator[Line]:
    """Yield the lines of a file; what is no line is passed over, as OpenSSH does."""
    try:
        if path.stat().st_size > _LARGEST or not path.is_file():
            return
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for number, raw in enumerate(text.splitlines(), start=1):
        fields = raw.split()
        if len(fields) < 3 or fields[0].startswith("#"):  # noqa: PLR2004 - names, type, key
            continue
        marker = ""
        if fields[0].startswith("@"):
            marker, *fields = fields
            if len(fields) < 3:  # noqa: PLR2004 - as above
                continue
        yield Line(marker, fields[0], fields[1], fields[2], path, number)


def _append(path: Path, line: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)  # lockf would not keep our own threads apart
        size = os.fstat(handle).st_size
        if size and os.pread(handle, 1, size - 1) != b"\n":
            line = "\n" + line
        os.write(handle, line.encode())  # one write in append mode: nobody sees half a line
    finally:
        os.close(handle)


def _hashed(name: str) -> str:
    salt = os.urandom(20)
    digest = hmac.digest(salt, name.lower().encode(), "sha1")
    return f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}"


def fingerprint(blob: bytes) -> str:
    """Return a key's SHA256 fingerprint as OpenSSH prints it."""
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return f"SHA256:{digest}"
