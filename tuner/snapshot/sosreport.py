"""A sosreport's files, which a reader hands over by name, read into a snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tuner.errors import DumpError
from tuner.snapshot.dump import os_release
from tuner.snapshot.entries import sort_entries
from tuner.snapshot.snapshot import Snapshot, Source
from tuner.snapshot.sysctl_a import parse_sysctl_a
from tuner.snapshot.system import System
from tuner.sysctl.files import Entry
from tuner.sysctl.tree import DIRECTORIES

SYSCTL_A = "sos_commands/kernel/sysctl_-a"
_FOLDERS = (
    *(folder.lstrip("/") + "/" for folder in DIRECTORIES),
    "etc/modules-load.d/",
    "usr/lib/modules-load.d/",
    "etc/ufw/",
)
_SINGLE = frozenset(
    {
        SYSCTL_A,
        "etc/sysctl.conf",
        "etc/modules",
        "etc/default/ufw",
        "etc/os-release",
        "usr/lib/os-release",
        "proc/cmdline",
        "hostname",
        "etc/hostname",
        "sos_commands/kernel/uname_-a",
        "uname",
    }
)


def wanted(name: str) -> bool:
    """Tell whether tuner reads the file of that name, relative to the report's root."""
    return name in _SINGLE or (
        name.startswith(_FOLDERS) and "/" not in name[name.index(".d/") + 3 :]
        if ".d/" in name
        else name.startswith("etc/ufw/")
    )


def parse_sosreport(entries: Mapping[str, Entry], *, host: str = "") -> Snapshot:
    """Return what a sosreport says; counters and sockets are unknown.

    Args:
        entries: relative name → entry, as far as ``wanted``.
        host: the host's name; without one, the name that the report gives.

    Raises:
        DumpError: the report has no output of ``sysctl -a``, or names no kernel.
    """
    if SYSCTL_A not in entries:
        raise DumpError(
            f"the sosreport has no {SYSCTL_A}", hint="make it with the kernel plugin enabled"
        )
    words = (_text(entries, "sos_commands/kernel/uname_-a") or _text(entries, "uname")).split()
    name = host or _text(entries, "hostname") or _text(entries, "etc/hostname")
    snapshot = parse_sysctl_a(
        entries[SYSCTL_A].content,
        host=name[:255],
        release=words[2] if len(words) > 2 else "",  # noqa: PLR2004
    )
    release = os_release(
        (_text(entries, "etc/os-release") or _text(entries, "usr/lib/os-release")).split("\n")
    )
    files = [replace(entry, path=f"/{name}") for name, entry in sorted(entries.items())]
    sorted_ = sort_entries(files)
    return replace(
        snapshot,
        source=Source.SOSREPORT,
        system=System(
            os_id=release.get("ID", ""),
            os_version=release.get("VERSION_ID", ""),
            os_name=release.get("PRETTY_NAME", ""),
        ),
        files=sorted_.files or None,
        later_files=sorted_.later,
        modules_load=sorted_.modules,
        profiles=sorted_.profiles,
        reapply=sorted_.reapply,
        cmdline=_text(entries, "proc/cmdline"),
    )


def _text(entries: Mapping[str, Entry], name: str) -> str:
    entry = entries.get(name)
    return entry.content[: 1 << 16].decode("utf-8", "backslashreplace").strip() if entry else ""
