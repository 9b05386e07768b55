"""The start scripts of hosts without systemd, each ``run_…(tree, kernel, …)``.

Alpine: aports ``main/openrc/sysctl.initd``, and the one before it (2017). OpenRC elsewhere,
Debian's sysvinit, Chimera: ``sysctl --system`` of procps. Void: void-runit
``core-services/08-sysctl.sh``.
"""

from __future__ import annotations

from dataclasses import dataclass

from tuner.sysctl.files import Entry
from tuner.sysctl.kernel import Kernel
from tuner.sysctl.lines import BUSYBOX, PROCPS_4
from tuner.sysctl.loaders import busybox, procps
from tuner.sysctl.loaders.run import Fate, Run, is_there
from tuner.sysctl.tree import CONF, FileTree

_ETC, _RUN = "/etc/sysctl.d", "/run/sysctl.d"
_VENDOR = ("/lib/sysctl.d", "/usr/lib/sysctl.d")
_OLD_ALPINE = (_RUN, _ETC, "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d")
_VOID = (_RUN, _ETC, "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d")


def run_alpine(tree: FileTree, kernel: Kernel, *, version: busybox.Version = (1, 36, 0)) -> Run:
    """Apply the files as Alpine does: a vendor's first, whatever their numbers, ``/run`` last.

    A file of the same name hides another only if it is a regular file behind all links: a link to
    /dev/null does not. Each file is a start of its own, so that a refused write loses one file.
    """
    done = Run()
    script = _Script(tree, kernel, version, done)
    for folder in _VENDOR:
        for entry in _visible(tree, folder):
            stronger = _regular(tree, _ETC, entry) or _regular(tree, _RUN, entry)
            script.one(entry, stronger, counts=False)
    for entry in _visible(tree, _ETC):
        script.one(entry, _regular(tree, _RUN, entry))
    conf = tree.get(CONF)
    if conf is not None:
        script.one(conf)
    for entry in _visible(tree, _RUN):
        script.one(entry)
    _note_unread(tree, (*_VENDOR, _ETC, _RUN), done)
    return done


def run_old_alpine(tree: FileTree, kernel: Kernel, *, version: busybox.Version = (1, 28, 0)) -> Run:
    """Apply the files as Alpine did from 2017 on: folder by folder, nothing hides anything."""
    done = Run()
    script = _Script(tree, kernel, version, done)
    for folder in _OLD_ALPINE:
        for entry in _visible(tree, folder):
            script.one(entry)
    conf = tree.get(CONF)
    if conf is not None:
        script.one(conf)
    _note_unread(tree, _OLD_ALPINE, done)
    return done


def run_void(tree: FileTree, kernel: Kernel, *, version: procps.Version = (4, 0, 4)) -> Run:
    """Apply the files as Void does: each by a ``sysctl -p`` of its own, ``/etc/sysctl.conf`` last.

    The first folder to offer a name wins it; names in the shell's order.
    """
    done = Run()
    winners: dict[str, Entry] = {}
    for folder in _VOID:
        for entry in _visible(tree, folder):
            if entry.name in winners:
                done.unread(entry, Fate.SHADOWED, winners[entry.name].path, PROCPS_4)
            else:
                winners[entry.name] = entry
    paths = [winners[name].path for name in sorted(winners)]
    for path in [*paths, *([CONF] if tree.get(CONF) else [])]:
        part = procps.run(tree, kernel, version=version, files=[path])
        done.extend(part)
        done.exit_code |= part.exit_code
    _note_unread(tree, _VOID, done)
    return done


def _visible(tree: FileTree, folder: str) -> list[Entry]:
    """Return what the shell's ``FOLDER/*.conf`` lists."""
    return [
        entry
        for entry in tree.folder(folder)
        if entry.name.endswith(".conf") and not entry.name.startswith(".")
    ]


def _regular(tree: FileTree, folder: str, entry: Entry) -> Entry | None:
    """Return the regular file of the same name in a folder, None for none."""
    other = tree.get(f"{folder}/{entry.name}")
    return other if other is not None and is_there(other) else None


@dataclass(frozen=True, slots=True)
class _Script:
    """A script that starts busybox' sysctl once a file."""

    tree: FileTree
    kernel: Kernel
    version: busybox.Version
    done: Run

    def one(self, entry: Entry, stronger: Entry | None = None, *, counts: bool = True) -> None:
        """Apply a file unless a stronger one hides it; ``counts``: a failure is the script's."""
        if stronger is not None:
            self.done.unread(entry, Fate.SHADOWED, stronger.path, BUSYBOX)
        elif is_there(entry):
            part = busybox.run(self.tree, self.kernel, version=self.version, files=[entry.path])
            self.done.extend(part)
            if counts and part.exit_code:
                self.done.exit_code = 1


def _note_unread(tree: FileTree, folders: tuple[str, ...], done: Run) -> None:
    for entry in tree.entries:
        folder = entry.path.rpartition("/")[0]
        seen = folder in folders and entry in _visible(tree, folder)
        if not seen and entry.path != CONF:
            done.unread(entry, Fate.NOT_READ, "", BUSYBOX)
