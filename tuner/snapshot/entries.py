"""Files that a host sent along: which of them set keys at boot, and which come later."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from tuner.snapshot.writers import is_telling
from tuner.sysctl.files import Entry, Kind
from tuner.sysctl.tree import DIRECTORIES

LARGEST_FILE = 1 << 20
"""Bytes of a file that the probe sends at most; a larger one counts as unreadable."""

_SMALL = 1 << 14  # bytes of a file that is worth remembering

_LISTED = re.compile(
    r"(link|stat) (.)([rwxsStT-]{9})\S? +\S+ +\S+ +\S+ +(?:\d+, *)?(\d{1,18}) +\S+ +\S+ +\S+ (.*)"
)
_KINDS = {"-": Kind.FILE, "d": Kind.DIRECTORY}
_TRUE = frozenset({"1", "true", "yes", "y"})
_ABOUT_MODULES = {"/etc/modules", "/etc/udev/rules.d/99-tuner.rules"}
_HEADER = re.compile(rb"^==> (/[^\n]{1,4096}) <==\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Entries:
    """The entries by what they are for.

    ``later`` are files that ``sysctl -p`` applies afterwards (ufw's); ``profiles`` TuneD's, the
    included first, and ``reapply`` whether it applies the host's files once more; ``modules``
    lists of modules that are loaded before; ``telling`` files that show a later writer.
    """

    files: tuple[Entry, ...]
    later: tuple[Entry, ...] = ()
    modules: tuple[Entry, ...] = ()
    profiles: tuple[Entry, ...] = ()
    reapply: bool = True
    telling: tuple[Entry, ...] = ()
    credential: bytes | None = None


def tell_entries(index: str, contents: bytes) -> list[Entry]:
    """Return the entries of two listings by ``ls -ldn`` and what ``head -v`` printed of them."""
    links: dict[str, str] = {}
    seen: dict[str, tuple[str, str, int]] = {}
    order: list[str] = []
    closed: list[Entry] = []
    for line in index.split("\n"):
        if line.startswith("unreadable "):
            closed.append(Entry(line.removeprefix("unreadable ") + "/*.conf", Kind.UNREADABLE))
        match = _LISTED.fullmatch(line)
        if match is None:
            continue
        which, kind, mode, size, path = match.groups()
        if which == "stat":
            seen[path] = (kind, mode, int(size))
            continue
        target = ""
        if kind == "l":
            path, _, target = path.partition(" -> ")
        if path not in links:
            links[path] = target
            order.append(path)
    texts = _texts({path: size for path, (kind, _, size) in seen.items() if kind == "-"}, contents)
    entries = []
    for path in order:
        kind, mode, _ = seen.get(path, ("", "rw-r--r--", 0))
        what, text = Kind.DANGLING, b""
        if path in seen:
            what, text = _KINDS.get(kind, Kind.OTHER), texts.get(path, b"")
            if what is Kind.FILE and path not in texts:
                what = Kind.UNREADABLE
        make = _entry if len(text) <= _SMALL else Entry
        entries.append(make(path, what, text, links[path], _mode(mode)))
    return entries + closed


_entry = lru_cache(maxsize=1 << 12)(Entry)  # a fleet's hosts have nearly the same files


def _texts(sizes: Mapping[str, int], contents: bytes) -> dict[str, bytes]:
    """Return the content of each file that was sent whole."""
    texts: dict[str, bytes] = {}
    at = 0
    while (match := _HEADER.search(contents, at)) is not None:
        path = match[1].decode("utf-8", "backslashreplace")
        begin = match.end()
        size = sizes.get(path)
        if size is None or path in texts:  # not a header but a line of a file that has grown
            at = begin
            continue
        end = begin + min(size, LARGEST_FILE)
        after = contents[end : end + 5]
        if (
            size <= LARGEST_FILE
            and end <= len(contents)
            and (not after or after.startswith(b"\n==> "))
        ):
            texts[path] = contents[begin:end]
            at = end
        else:  # it has changed its length meanwhile, or was too large
            at = begin
    return texts


@lru_cache(maxsize=256)
def _mode(text: str) -> int:
    """Return the permission bits that ls prints as nine letters."""
    mode = 0
    for place, letter in enumerate(text):
        if letter in "rwxst":
            mode |= 0o400 >> place
        if letter in "sStT":
            mode |= {2: 0o4000, 5: 0o2000, 8: 0o1000}.get(place, 0)
    return mode


def sort_entries(entries: Iterable[Entry]) -> Entries:
    """Return the entries by what they are for.

    ufw applies its file when it is enabled (``IPT_SYSCTL`` of ``/etc/default/ufw``); TuneD applies
    its profiles' ``[sysctl]`` sections and, with ``reapply_sysctl``, the local files once more.
    """
    by_path = {entry.path: entry for entry in entries}
    files, modules, telling = [], [], []
    for path, entry in by_path.items():
        folder = path.rpartition("/")[0]
        if path == "/etc/sysctl.conf" or folder in DIRECTORIES:
            files.append(entry)
        elif path in _ABOUT_MODULES or folder.endswith("/modules-load.d"):
            modules.append(entry)
        elif is_telling(path):
            telling.append(entry)
    profiles = [entry for path, entry in by_path.items() if path.endswith("/tuned.conf")]
    again = _assigned(by_path.get("/etc/tuned/tuned-main.conf")).get("reapply_sysctl", "1")
    credential = next((by_path[path] for path in _CREDENTIALS if path in by_path), None)
    return Entries(
        tuple(files),
        tuple(_ufw(by_path)),
        tuple(modules),
        tuple(reversed(profiles)),
        again.lower() in _TRUE,
        tuple(telling),
        credential.content if credential is not None else None,
    )


_CREDENTIALS = (
    "/run/credentials/@system/sysctl.extra",
    "/etc/credstore/sysctl.extra",
    "/run/credstore/sysctl.extra",
    "/usr/lib/credstore/sysctl.extra",
)


def early_modules(entries: Iterable[Entry]) -> frozenset[str]:
    """Return the modules that modules-load.d(5) and ``/etc/modules`` load before the files."""
    found = set()
    for entry in entries:
        for line in entry.content.decode("utf-8", "backslashreplace").split("\n"):
            word = (line.split() or [""])[0]
            if word and word[0] not in "#;":
                found.add(word.replace("-", "_"))
    return frozenset(found)


def _assigned(entry: Entry | None) -> dict[str, str]:
    """Return a shell-like file's assignments, names in small letters, without quotes."""
    found = {}
    for line in (entry.content if entry else b"").decode("utf-8", "backslashreplace").split("\n"):
        name, equals, value = line.partition("=")
        if equals and not line.lstrip().startswith("#"):
            found[name.strip().lower()] = value.strip().strip("\"'")
    return found


def _ufw(by_path: dict[str, Entry]) -> list[Entry]:
    if _assigned(by_path.get("/etc/ufw/ufw.conf")).get("enabled", "").lower() not in _TRUE:
        return []
    path = _assigned(by_path.get("/etc/default/ufw")).get("ipt_sysctl", "/etc/ufw/sysctl.conf")
    entry = by_path.get(path)
    return [entry] if entry else []
