"""What is to be done to one host, in the words of the host: paths, digests, values."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tuner.errors import UsageError
from tuner.plan.plan import Change, FileChange, Plan, Seen
from tuner.sysctl.catalog import describe
from tuner.sysctl.key import Key, key_path

NOTHING = "-"
"""The digest of a file that is not there."""

_PATH = re.compile(r"/[A-Za-z0-9._@+,:/-]+")
_SYSCTL_FOLDERS = ("/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d")
_CONF = ("net", "ipv4", "conf")
_UNITS = ("_ms", "_bytes")


class Kind(StrEnum):
    """What a change on a host came from."""

    APPLY = "apply"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True)
class Write:
    """One key that is written. ``expect``: what the kernel shows for ``after``."""

    key: Key
    before: str  # empty where it is not known
    after: str
    expect: str
    restorable: bool = True

    @property
    def path(self) -> str:
        """The key's path below /proc/sys."""
        return key_path(self.key)


@dataclass(frozen=True, slots=True)
class Placing:
    """One file that takes its place: from ``content``, or from the file ``source`` of the host."""

    path: str
    before: str  # SHA-256 or NOTHING
    after: str
    content: bytes = b""
    source: str = ""
    mode: int = 0o644

    @property
    def switch(self) -> bool:
        """Whether it brings settings, so that its renaming changes what the next boot does.

        A file that goes does so last, when the one that takes its part is there already.
        """
        if self.after == NOTHING:
            return False
        if self.path == "/etc/sysctl.conf":
            return True
        folder, _, name = self.path.rpartition("/")
        return name.endswith(".conf") and folder in _SYSCTL_FOLDERS


@dataclass(frozen=True, slots=True)
class Job:
    """One change of one host."""

    id: str
    kind: Kind = Kind.APPLY
    writes: tuple[Write, ...] = ()
    files: tuple[Placing, ...] = ()
    seen: Seen = field(default_factory=Seen)
    undoes: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.writes and not self.files

    @property
    def digest(self) -> str:
        """The SHA-256 of what is written, and where."""
        text = repr((self.kind, self.writes, self.files))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def side_effects(self) -> tuple[str, ...]:
        """Patterns of paths that the kernel may change along with the keys that are written."""
        return tuple(
            dict.fromkeys(pattern for write in self.writes for pattern in side_effects(write.key))
        )

    @property
    def cuts_ipv6(self) -> bool:
        """Whether a write may take IPv6 addresses or routes away."""
        return any(write.key.startswith("net.ipv6.conf.") for write in self.writes)


def make_job(plan: Plan, number: str) -> Job:
    """Return what a plan means for its host.

    Raises:
        UsageError: a path or a value cannot be sent to a host.
    """
    return Job(
        id=number,
        writes=tuple(map(_write, plan.writes)),
        files=in_order(_placing(change) for change in plan.files),
        seen=plan.seen,
    )


def in_order(files: Iterable[Placing]) -> tuple[Placing, ...]:
    """Return the files so that a host that stops in between starts with old values or new ones.

    First what holds no settings, then the files that hold them, then what goes.
    """
    return tuple(
        sorted(files, key=lambda file: 2 if file.after == NOTHING else 1 if file.switch else 0)
    )


def digest(content: bytes | None) -> str:
    """Return the digest of a file's content, NOTHING for no file."""
    return NOTHING if content is None else hashlib.sha256(content).hexdigest()


def shown_as(key: Key, value: str) -> str:
    """Return what the kernel shows once this value is written.

    Lists of ports are bitmaps to it: sorted, and neighbours joined (Linux
    ``kernel/sysctl.c:proc_do_large_bitmap``).
    """
    parameter = describe(key)
    if parameter is None or parameter.type != "ports" or not re.fullmatch(r"[0-9,\-]+", value):
        return value
    ports: set[int] = set()
    for part in value.split(","):
        low, dash, high = part.partition("-")
        if low.isdigit() and (high.isdigit() if dash else not high):
            ports.update(range(int(low), int(high if dash else low) + 1))
    runs: list[list[int]] = []
    for port in sorted(ports):
        if runs and port == runs[-1][1] + 1:
            runs[-1][1] = port
        else:
            runs.append([port, port])
    return ",".join(f"{low}-{high}" if low != high else str(low) for low, high in runs)


def side_effects(key: Key) -> tuple[str, ...]:
    """Return patterns of the paths that a write to the key may change besides.

    IPv4 (Linux ``net/ipv4/devinet.c``): ``default`` is copied to interfaces whose value nobody
    set; forwarding is copied to all, and turns accept_redirects over. IPv6
    (``net/ipv6/addrconf.c``): ``all`` is copied to every interface for some keys. Some variables
    have a second name in another unit (``retrans_time`` and ``retrans_time_ms``), which rounds.
    """
    path = key_path(key)
    other = next((path.removesuffix(unit) for unit in _UNITS if path.endswith(unit)), "")
    twins = (other,) if other else tuple(path + unit for unit in _UNITS)
    return (*_copies(key), *twins)


def _copies(key: Key) -> tuple[str, ...]:
    parts = key.split(".")
    if key == "net.ipv4.ip_forward" or (parts[:3] == [*_CONF] and parts[-1] == "forwarding"):
        return ("net/ipv4/conf/*/forwarding", "net/ipv4/conf/*/accept_redirects")
    if parts[:2] == ["net", "ipv4"] and parts[2] in {"conf", "neigh"} and parts[3] == "default":
        return (f"net/ipv4/{parts[2]}/*/{parts[-1]}",)
    if parts[:3] == ["net", "ipv6", "conf"]:
        return (f"net/ipv6/conf/*/{parts[-1]}",)
    return ()


def _write(change: Change) -> Write:
    before = "" if change.live_before is None else str(change.live_before)
    after = str(change.after)
    for text in (before, after, change.key):
        if not text.isprintable():
            raise UsageError(
                f"{change.key}: {text!r} holds characters that no value has", hint="plan anew"
            )
    return Write(
        key=change.key,
        before=before,
        after=after,
        expect=shown_as(change.key, after),
        restorable=change.restorable and change.live_before is not None,
    )


def _placing(change: FileChange) -> Placing:
    if not _PATH.fullmatch(change.path) or ".." in change.path or change.path.endswith("/"):
        raise UsageError(
            f"{change.path!r} is no path that tuner writes to",
            hint="it takes absolute paths of letters, digits and ._@+,:-",
        )
    return Placing(
        path=change.path,
        before=digest(change.before),
        after=digest(change.after),
        content=change.after or b"",
        mode=change.mode,
    )


def seen_values(seen: Seen) -> Mapping[str, str]:
    """Return path → value of what the plan rests on."""
    return {key_path(key): " ".join(value.split()) for key, value in seen.values.items()}
