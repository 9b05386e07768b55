"""The probe's answer, which is also the form of a dump, read into a snapshot."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from tuner.errors import DumpError
from tuner.quoting import first_line, quotable
from tuner.snapshot.counters import parse_counters, uptime
from tuner.snapshot.entries import sort_entries, tell_entries
from tuner.snapshot.snapshot import Missing, Snapshot, Source
from tuner.snapshot.sockets import parse_sockets
from tuner.snapshot.system import Loader, System
from tuner.snapshot.writers import find_writers
from tuner.sysctl.key import Key, key_from_path
from tuner.sysctl.version import KernelVersion, parse_version

LONGEST_VALUE = 4096
"""Characters of a value that are kept."""
CUT = "…[cut]"
"""What follows a value that was longer."""

_LARGEST = 64 << 20
_MOST_KEYS = 200_000
_SHORT = 200  # characters of a line that is worth remembering
_VERSION = 1
_MAGIC = re.compile(rb"^tuner-probe ([0-9]{1,9})\r?$", re.MULTILINE)
_END = re.compile(rb"^@@ end ([0-9]{1,9})\s*", re.MULTILINE)
_LAST = re.compile(rb"\n@@ end [0-9]{1,9}\s*\Z")
_HEADER = "\n@@ "
_TAKEN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_PROC_SYS = "/proc/sys/"
_FOLDERS = ("abi", "debug", "dev", "fs", "kernel", "net", "user", "vm")
_AGAIN = "take the dump again: sh probe.sh > HOST.dump"


def is_dump(data: bytes) -> bool:
    """Tell whether the data is the probe's answer, whole or not."""
    return _MAGIC.search(data, 0, 1 << 16) is not None


def is_whole(data: bytes) -> bool:
    """Tell whether the data is the probe's answer up to its last line, and ends there."""
    return _LAST.search(data, max(0, len(data) - 64)) is not None and is_dump(data)


def parse_dump(data: bytes, *, host: str = "") -> Snapshot:
    """Return what the probe saw; whatever a login printed before its first line is skipped.

    Args:
        data: the probe's whole standard output.
        host: the host's name; without one, the name that it gives itself.

    Raises:
        DumpError: cut off, too large, of an unknown version, or no dump at all.
    """
    if len(data) > _LARGEST:
        raise DumpError(f"the dump is larger than {_LARGEST >> 20} MiB", hint=_AGAIN)
    sections, contents = _split(data)
    tables = _tables(sections.get("first", ""))
    later = _tables(sections.get("second", ""))
    told = _tables(sections.get("system", ""))
    live, truncated = _live(sections)
    entries = sort_entries(tell_entries(sections.get("files", ""), contents))
    words, system = _system(sections.get("system", ""), told)
    return Snapshot(
        host=host or _first(told, "/proc/sys/kernel/hostname"),
        kernel=_kernel(told, words, live),
        source=Source.PROBE,
        taken=next(
            (word for word in words.get("taken", ()) if _TAKEN.fullmatch(word)),
            "",
        ),
        system=system,
        live=live,
        complete=frozenset() if truncated else frozenset({"net"}),
        files=entries.files,
        later_files=entries.later,
        modules_load=entries.modules,
        profiles=entries.profiles,
        reapply=entries.reapply,
        writers=find_writers(words.get("shows", ())[:200], entries.telling),
        credential=entries.credential,
        read_only=tuple(_read_only_mounts(told.get("/proc/self/mounts", ()))),
        fixed=frozenset(key_from_path(path) for path in words.get("readonly", ())[:5000]),
        loadable=frozenset(
            word.partition(" ")[0] for word in words.get("module", ()) if " loadable" in word
        ),
        cmdline=_first(told, "/proc/cmdline"),
        counters=parse_counters(tables, later),
        sockets=parse_sockets(sections.get("sockets", "").split("\n")),
    )


def cap(value: str) -> str:
    """Return the value, cut and marked if it is longer than tuner keeps."""
    return value if len(value) <= LONGEST_VALUE else value[:LONGEST_VALUE] + CUT


def _split(data: bytes) -> tuple[Mapping[str, str], bytes]:
    """Return the sections' texts and the contents of the files."""
    magic = _MAGIC.search(data)
    if magic is None:
        said = first_line(data)
        raise DumpError(
            f'no dump: it begins with "{said}"' if said else "no dump: it is empty",
            hint="a dump is what probe.sh prints: sh probe.sh > HOST.dump",
        )
    if magic[0].endswith(b"\r"):
        # A terminal (ssh -tt) ends every line so, those of files too; a file's own \r stays.
        data = data.replace(b"\r\n", b"\n")
        magic = _MAGIC.search(data) or magic
    if int(magic[1]) != _VERSION:
        raise DumpError(
            f"a dump of version {int(magic[1])}, and this tuner reads version {_VERSION}",
            hint="take the dump with the script of this tuner: tuner probe > probe.sh",
        )
    end = None
    at = data.rfind(b"\n@@ end ")
    if at > magic.end():
        end = _END.match(data, at + 1)
    start = data.find(b"\n@@ contents\n", magic.end())
    if end is None or start < 0 or start > at:
        raise DumpError("the dump is cut off: its last line is missing", hint=_AGAIN)
    text = data[magic.end() : start].decode("utf-8", "backslashreplace")
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    _, *parts = text.split(_HEADER)
    sections: dict[str, str] = {}
    for part in parts:
        name, _, body = part.partition("\n")
        sections.setdefault(name, body)
    if len(parts) + 1 != int(end[1]):
        raise DumpError(
            f"the dump is damaged: it has {len(parts) + 1} sections and counts {int(end[1])}",
            hint=_AGAIN,
        )
    return sections, data[start + len(b"\n@@ contents\n") : at]


def _tables(text: str) -> dict[str, list[str]]:
    """Return path → lines of what ``grep -H`` printed."""
    tables: dict[str, list[str]] = {}
    for line in text.split("\n"):
        if line.startswith("/"):
            path, _, rest = line.partition(":")
            tables.setdefault(path, []).append(rest)
    return tables


def _first(tables: Mapping[str, Sequence[str]], path: str) -> str:
    lines = tables.get(path)
    return cap(lines[0].strip()) if lines else ""


def _live(sections: Mapping[str, str]) -> tuple[dict[Key, str | Missing], bool]:
    """Return the readings, and whether there were more interfaces than were read."""
    lines = sections.get("live", "").strip("\n").split("\n")
    if max(map(len, lines)) <= _SHORT:
        readings = list(map(_reading, lines))
    else:
        readings = [_reading(line) if len(line) <= _SHORT else _read(line) for line in lines]
    live: dict[Key, str | Missing] = dict(readings)
    if len(live) > _MOST_KEYS:
        raise DumpError(f"the dump has more than {_MOST_KEYS} keys", hint=_AGAIN)
    if len(live) < len(readings):
        live.update(_of_several_lines(readings))
    live.pop(Key(""), None)
    truncated = False
    for line in sections.get("unread", "").split("\n"):
        at = line.find(_PROC_SYS)
        if line.startswith("truncated "):
            truncated = True
        elif at >= 0 and line.startswith("withheld "):
            _withhold(line[at:], live)
        elif at >= 0 and not line.endswith("No such file or directory"):
            path = line[at:].partition(": ")[0].rstrip("':")
            live.setdefault(key_from_path(path), Missing.DENIED)
    if not any(key.startswith("net.") for key in live):
        live[Key("net")] = Missing.DENIED  # every kernel has some: /proc/sys is hidden there
    return live, truncated


def _read(line: str) -> tuple[Key, str]:
    """Return the key and the value of what grep printed of a file; no key for anything else."""
    path, colon, value = line.partition(":")
    if not colon or not path.startswith(_PROC_SYS):
        return Key(""), ""
    return key_from_path(path), cap(value)


_reading = lru_cache(maxsize=1 << 13)(_read)  # a fleet's hosts say nearly the same


def _of_several_lines(readings: Iterable[tuple[Key, str]]) -> dict[Key, str]:
    """Return the values of which grep printed more than one line."""
    values: dict[Key, list[str]] = {}
    for key, value in readings:
        values.setdefault(key, []).append(value)
    return {key: cap("\n".join(lines)) for key, lines in values.items() if lines[1:]}


def _withhold(path: str, live: dict[Key, str | Missing]) -> None:
    """Mark a secret that the probe does not ask for."""
    if "*" not in path:
        live[key_from_path(path)] = Missing.UNASKED
        return
    prefix, _, name = path.partition("*")
    folder = str(key_from_path(prefix.rstrip("/"))) + "."
    here = [key for key in live if key.startswith(folder)]
    inside = {key[len(folder) :].partition(".")[0] for key in here}
    for interface in inside:
        live[Key(f"{folder}{interface}.{name.lstrip('/')}")] = Missing.UNASKED


def _kernel(
    told: Mapping[str, Sequence[str]],
    words: Mapping[str, Sequence[str]],
    live: Mapping[Key, str | Missing],
) -> KernelVersion:
    release = _first(told, "/proc/sys/kernel/osrelease") or _word(words, "release")
    shown = live.get(Key("kernel.osrelease"))
    if not release and isinstance(shown, str):
        release = shown
    try:
        return parse_version(release)
    except ValueError:
        raise DumpError(
            f'the dump names no Linux kernel (kernel.osrelease is "{quotable(release)}")',
            hint=_AGAIN,
        ) from None


def _system(
    text: str, told: Mapping[str, Sequence[str]]
) -> tuple[Mapping[str, Sequence[str]], System]:
    """Return the probe's own words, and what kind of machine it is."""
    words: dict[str, list[str]] = {}
    for line in text.split("\n"):
        if not line.startswith("/"):
            name, _, rest = line.partition(" ")
            words.setdefault(name, []).append(rest.strip())
    release = os_release(told.get("/etc/os-release") or told.get("/usr/lib/os-release") or ())
    memory = _first(told, "/proc/meminfo").removeprefix("MemTotal:").split()
    container = _first(told, "/run/systemd/container") or _word(words, "container")
    return words, System(
        os_id=release.get("ID", ""),
        os_version=release.get("VERSION_ID", ""),
        os_name=release.get("PRETTY_NAME", ""),
        init=_word(words, "init") or _first(told, "/proc/1/comm"),
        loaders=tuple(_loader(line) for line in words.get("loader", ())[:8]),
        container=container,
        memory=1024 * number(memory[0]) if memory else 0,
        cpus=count_cpus(_first(told, "/sys/devices/system/cpu/online")),
        page_size=number(_word(words, "page_size")) or 4096,
        uptime=uptime(told),
        uid=number(_word(words, "uid")),
        merged_usr="split-usr" not in words,
    )


def _read_only_mounts(lines: Iterable[str]) -> Iterator[str]:
    """Yield the paths below /proc/sys that are mounted read-only; a later mount hides an earlier.

    A lower mount that is writable again inside a read-only one is not told apart: containers have
    /proc/sys read-only and /proc/sys/net writable.
    """
    mounts: dict[str, bool] = {}
    for line in lines:
        words = line.split()
        if len(words) > 3 and f"{words[1]}/".startswith(_PROC_SYS):  # noqa: PLR2004
            mounts[f"{words[1]}/"[len(_PROC_SYS) :].rstrip("/")] = "ro" in words[3].split(",")
    writable = [path for path, closed in mounts.items() if not closed]
    for path, closed in mounts.items():
        if not closed:
            continue
        if path or not writable:
            yield path
        else:
            yield from (name for name in _FOLDERS if name not in writable)


def _word(words: Mapping[str, Sequence[str]], name: str) -> str:
    found = words.get(name)
    return cap(found[0]) if found else ""


def _loader(line: str) -> Loader:
    name, _, rest = line.partition(" ")
    version = re.search(r"\d[\w.]*", rest)
    return Loader(name[:40], version[0][:40] if version else "")


def number(text: str) -> int:
    """Return a whole number of a reasonable size, 0 for anything else."""
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else 0


def os_release(lines: Iterable[str]) -> dict[str, str]:
    """Return os-release(5)'s assignments without their quotes."""
    found = {}
    for line in lines:
        name, equals, value = line.strip().partition("=")
        if equals:
            found[name] = cap(value.strip("\"'"))
    return found


def count_cpus(ranges: str) -> int:
    """Return how many CPUs a list such as ``0-3,8`` names."""
    total = 0
    for part in ranges.split(","):
        low, dash, high = part.strip().partition("-")
        if low:
            total += number(high) - number(low) + 1 if dash else 1
    return max(total, 0)
