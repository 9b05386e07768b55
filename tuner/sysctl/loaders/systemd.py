"""systemd-sysctl: ``run(tree, kernel, version=252)`` is one start of it.

Gates: 219 and later are known; below 230 a missing key is a failure; below 232 the order of writes
is that of a hash table; below 237 lines are read in pieces of 2047 bytes; 243 ``-key = value``;
245 patterns and ``-key``; 250 the value is read before it is written, a list longer than a page is
written to its end, and ``..`` is refused; 252 the credential ``sysctl.extra``; 262 only ``#``
begins a comment, and an error in the credential is a failure (both came between 258 and 262).
Sources: systemd 247.3, 252.39, 257.13 ``src/sysctl/sysctl.c``, ``src/basic/sysctl-util.c``,
``src/basic/conf-files.c``, ``src/basic/path-util.c``; 219 to 246 by its release notes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from tuner.sysctl.files import Entry, Kind, Setting, settings_of
from tuner.sysctl.globs import component, is_pattern
from tuner.sysctl.kernel import Kernel
from tuner.sysctl.key import Key, key_from_path
from tuner.sysctl.lines import (
    SYSTEMD,
    SYSTEMD_219,
    SYSTEMD_262,
    Grammar,
    LineKind,
    read_lines,
)
from tuner.sysctl.loaders.run import Fate, Run, place
from tuner.sysctl.numbers import ports_of_a_page
from tuner.sysctl.tree import CONF, DIRECTORIES, FileTree, chosen, conf_is_linked, masks

_PATH_MAX, _NAME_MAX = 4096, 255
_FAMILIES, _FOLDERS = ("ipv4", "ipv6"), ("conf", "neigh")
_MOST_PATTERNS = 500
CREDENTIAL = "/run/credentials/systemd-sysctl.service/sysctl.extra"
"""Where systemd puts the credential; its directory differs, its name does not."""


@dataclass(slots=True)
class _Option:
    """One entry of the ordered map; ``line`` None excludes the key."""

    setting: Setting
    data: bytes | None
    ignore: bool
    repeats: list[Setting] = field(default_factory=list)


def grammar(version: int) -> Grammar:
    """Return how that version reads lines."""
    if version >= 262:  # noqa: PLR2004
        return SYSTEMD_262
    if version < 237:  # noqa: PLR2004
        return SYSTEMD_219
    if version < 245:  # noqa: PLR2004
        return Grammar(
            f"systemd-{version}",
            ends="any",
            exclusions=False,
            dashes=version >= 243,  # noqa: PLR2004
            longest=SYSTEMD.longest,
        )
    return SYSTEMD


def run(tree: FileTree, kernel: Kernel, *, version: int = 252, prefixes: Sequence[str] = ()) -> Run:
    """Apply the tree's files to the kernel; return what happened.

    Args:
        tree: the files.
        kernel: is changed.
        version: of systemd.
        prefixes: only keys below these paths, such as ``net/ipv4/conf/eth0``; all without any.
    """
    return Session(tree, kernel, version, tuple(prefixes)).run()


def files(tree: FileTree) -> list[Entry]:
    """Return the files that it reads, in its order; the credential aside."""
    return chosen(tree, DIRECTORIES, hidden=False)[0]


class Session:
    """One reading of the files; ``again`` is what udev does for an interface that appears."""

    def __init__(
        self, tree: FileTree, kernel: Kernel, version: int, prefixes: tuple[str, ...] = ()
    ) -> None:
        self._tree = tree
        self._kernel = kernel
        self._version = version
        self._prefixes = tuple(prefix.strip("/") for prefix in prefixes)
        self._grammar = grammar(version)
        self._options: dict[bytes, _Option] = {}
        self._done = Run()
        self._of_interface: dict[str, list[tuple[int, bytes]]] | None = None
        self._patterns_of_interfaces: list[tuple[int, bytes]] = []

    def again(self, interface: str) -> Run:
        """Return what a start with that interface's prefixes does (``99-systemd.rules``).

        Where there are more patterns than anybody writes, they are left out: the run for all keys
        has matched them.
        """
        if self._of_interface is None:
            self._index()
        family = [f"net/{name}/{folder}/{interface}" for name in _FAMILIES for folder in _FOLDERS]
        self._prefixes = tuple(family)
        self._done = Run()
        own = (self._of_interface or {}).get(interface, [])
        for _, key in sorted([*own, *self._patterns_of_interfaces]):
            self._apply(key, self._options[key])
        return self._done

    def _index(self) -> None:
        """Sort the options of interfaces by interface, in the order of the map."""
        self._of_interface = {}
        patterns = []
        for number, (key, option) in enumerate(self._options.items()):
            if option.data is None:
                continue
            if is_pattern(key) and self._version >= 245:  # noqa: PLR2004
                patterns.append((number, key))
                continue
            parts = _text(key).split("/")
            if len(parts) > 3 and parts[0] == "net" and parts[2] in _FOLDERS:  # noqa: PLR2004
                self._of_interface.setdefault(parts[3], []).append((number, key))
        if len(patterns) <= _MOST_PATTERNS:
            self._patterns_of_interfaces = patterns

    def run(self) -> Run:
        """Read the files and apply them."""
        read, unread = chosen(self._tree, DIRECTORIES, hidden=False)
        for entry in read:
            self._parse_file(entry)
        if self._tree.credential is not None and self._version >= 252:  # noqa: PLR2004
            code = self._done.exit_code
            self._parse_file(Entry(CREDENTIAL, content=self._tree.credential))
            if self._version < 262:  # noqa: PLR2004 - what is wrong with it is no failure
                self._done.exit_code = code
        self._note_unread(read, unread)
        for key, option in self._options.items():
            if option.data is not None:
                self._apply(key, option)
        return self._done

    def _note_unread(self, read: list[Entry], unread: list[tuple[Entry, Entry | None]]) -> None:
        if self._prefixes:
            return
        for entry, winner in unread:
            if winner is None:
                self._done.unread(entry, Fate.NOT_READ, "", self._grammar)
            else:
                fate = Fate.MASKED if masks(winner) else Fate.SHADOWED
                self._done.unread(entry, fate, winner.path, self._grammar)
        conf = self._tree.get(CONF)
        if conf is not None and not any(conf_is_linked(self._tree, read)):
            self._done.unread(conf, Fate.NOT_READ, "", self._grammar)

    def _parse_file(self, entry: Entry) -> None:
        if entry.kind is Kind.DANGLING:
            return
        if entry.kind is Kind.DIRECTORY:
            self._done.fail(None, "Is a directory", path=entry.path)
            return
        lines = read_lines(entry.content, self._grammar)
        for line, setting in settings_of(entry.path, entry.content, self._grammar):
            if line.kind is LineKind.NOT_UNDERSTOOD:
                self._done.fail(None, f"line {line.number} is not an assignment", path=entry.path)
            elif setting is not None:
                self._put(normalize(line.key, self._version), setting, line.value, line.dash)
        if lines.cut >= 0 and not self._prefixes:
            self._done.fail(None, "No buffer space available", path=entry.path)
            self._lose(entry, lines.cut)

    def _lose(self, entry: Entry, cut: int) -> None:
        """Note the assignments behind the line that was too long."""
        whole = replace(self._grammar, longest=0)
        for line, setting in settings_of(entry.path, entry.content, whole):
            if setting is not None and line.offset >= cut:
                self._done.add(setting, setting.key, Fate.FILE_LOST)

    def _put(self, key: bytes, setting: Setting, data: bytes | None, dash: bool) -> None:  # noqa: FBT001
        """Take a line into the ordered map."""
        if not is_pattern(key) and not self._is_wanted(key):
            return
        before = self._options.get(key)
        ignore = dash and data is not None
        if before is not None and before.data == data:
            before.ignore = before.ignore or ignore
            before.repeats.append(setting)
            if not self._prefixes:
                fate = Fate.EXCLUDES if data is None else Fate.EQUAL_REPEAT
                self._done.add(setting, _key(key), fate, by=place(before.setting))
            return
        if before is not None:
            del self._options[key]
            if before.data is not None:
                fate = Fate.EXCLUDED if data is None else Fate.LATER_LINE
                self._done.add(before.setting, _key(key), fate, by=place(setting))
            else:
                self._done.add(before.setting, _key(key), Fate.LATER_LINE, by=place(setting))
        self._options[key] = _Option(setting, data, ignore)
        if data is None and not self._prefixes:
            self._done.add(setting, _key(key), Fate.EXCLUDES)

    def _is_wanted(self, key: bytes) -> bool:
        if not self._prefixes:
            return True
        path = _text(key)
        return any(path == prefix or path.startswith(f"{prefix}/") for prefix in self._prefixes)

    def _apply(self, key: bytes, option: _Option) -> None:
        if is_pattern(key) and self._version >= 245:  # noqa: PLR2004
            for pattern in self._patterns(_text(key)):
                self._apply_pattern(pattern, option)
        else:
            self._write(_text(key), option)

    def _patterns(self, pattern: str) -> Iterable[str]:
        """Return the patterns to look for, narrowed to the prefixes."""
        if not self._prefixes:
            return [pattern]
        if self._version < 250:  # noqa: PLR2004 - filtered afterwards
            return [pattern]
        return [
            narrowed
            for prefix in self._prefixes
            if (narrowed := _narrow(pattern, prefix)) is not None
        ]

    def _apply_pattern(self, pattern: str, option: _Option) -> None:
        if not is_pattern(pattern):
            if self._explicit(pattern, option):
                return
            self._write(pattern, option)
            return
        matches = self._kernel.matches(pattern, braces=True, whole_paths=False)
        if not matches and not self._prefixes:
            self._done.add(option.setting, option.setting.key, Fate.NO_MATCH)
        for path in matches:
            if self._version < 250 and not self._is_wanted(path.encode()):  # noqa: PLR2004
                continue
            if not self._explicit(path, option):
                self._write(path, option)

    def _explicit(self, path: str, option: _Option) -> bool:
        """Tell whether a key that a pattern matches has a line of its own, which wins."""
        other = self._options.get(path.encode("utf-8", "surrogatepass"))
        if other is None:
            return False
        fate = Fate.EXCLUDED if other.data is None else Fate.EXPLICIT
        self._done.add(option.setting, _key(path.encode()), fate, by=place(other.setting))
        return True

    def _write(self, path: str, option: _Option) -> None:
        setting = option.setting
        data = option.data or b""
        key, error = self._open(path)
        verifies = self._version >= 250  # noqa: PLR2004
        if key is not None and verifies and _same(self._kernel.text(key), data):
            # Suppressed, or refused and then found to read as it should.
            self._done.add(setting, key, Fate.UNCHANGED, error=error)
            return
        if key is None or error:
            fate = _FATES.get(error, Fate.REFUSED)
            self._done.add(setting, key or key_from_path(path), fate, error=error)
        else:
            whole = data + b"\n"
            is_list = self._kernel.form(key).kind == "ports"
            taken = ports_of_a_page(whole) if is_list and not verifies else None
            error = self._done.put(self._kernel, setting, key, whole, taken=taken)
        if error:
            self._judge(setting, path, error, ignore=option.ignore)

    def _open(self, path: str) -> tuple[Key | None, str]:
        """Return the key behind a path, and the errno of opening it."""
        reading = self._version >= 250  # noqa: PLR2004
        if reading:
            path = simplify(path, self._version)
            if not _is_safe(path):
                return None, "EINVAL"
        elif len(path.encode()) + len("/proc/sys/") >= _PATH_MAX:
            return None, "ENAMETOOLONG"
        if path == "":
            return None, "EISDIR"
        key, error = self._kernel.resolve(path)
        if key is None:
            return None, "ENOENT" if error == "OUTSIDE" else error
        return key, self._kernel.access(key, reading=reading)

    def _judge(self, setting: Setting, path: str, error: str, *, ignore: bool) -> None:
        """Decide whether a failure makes the loader fail."""
        text = f"{error} at {path}"
        forgiven = {"EPERM", "EACCES", "EROFS"}
        if ignore or error in forgiven or (error == "ENOENT" and self._version >= 230):  # noqa: PLR2004
            self._done.complain(setting, text)
        else:
            self._done.fail(setting, text)


_FATES = {
    "ENOENT": Fate.NO_SUCH_KEY,
    "ENOTDIR": Fate.NO_SUCH_KEY,
    "EISDIR": Fate.NO_SUCH_KEY,
    "EACCES": Fate.READ_ONLY,
    "EROFS": Fate.READ_ONLY,
}


def normalize(key: bytes, version: int) -> bytes:
    """Return the path that ``sysctl_normalize`` makes of a key."""
    cut = re.search(rb"[./]", key)
    path = key if cut is None or cut.group() == b"/" else key.translate(_SWAP)
    path = simplify(path.decode("latin-1"), version).encode("latin-1")
    return path[1:] if path.startswith(b"/") and len(path) > 1 else path


_SWAP = bytes.maketrans(b"./", b"/.")


def simplify(path: str, version: int) -> str:
    """Return the path without redundant slashes and dots (``path_simplify``)."""
    if not path or ("//" not in path and "." not in path and path[-1] != "/"):
        return path
    absolute = path.startswith("/")
    kept: list[str] = []
    parts = path.split("/")
    for number, part in enumerate(parts):
        if part in {"", "."}:
            continue
        if part == ".." and absolute and not kept and version >= 254:  # noqa: PLR2004
            continue
        if len(part) > _NAME_MAX and version >= 250:  # noqa: PLR2004 - it refuses the rest
            kept.append("/".join(parts[number:]))
            break
        kept.append(part)
    return ("/" if absolute else "") + "/".join(kept) or ("/" if absolute else ".")


def _is_safe(path: str) -> bool:
    """Tell whether ``path_is_normalized`` takes the path below ``/proc/sys``."""
    parts = path.split("/")
    return (
        ".." not in parts
        and all(len(part) <= _NAME_MAX for part in parts)
        and len(path) + len("/proc/sys/") < _PATH_MAX
        and path != "."
    ) or path in {"", "."}


def _same(text: str | None, data: bytes) -> bool:
    """Tell whether the key already reads as the line says, newlines at the end aside."""
    return text is not None and text.encode("utf-8", "surrogatepass") == data.rstrip(b"\n\r")


def _narrow(pattern: str, prefix: str) -> str | None:
    """Return the pattern below a prefix, None where it cannot match (``path_glob_can_match``)."""
    parts, wanted = pattern.split("/"), prefix.split("/")
    for number, name in enumerate(wanted):
        if number >= len(parts):
            return None
        part = parts[number]
        if part == name:
            continue
        if not is_pattern(part):
            return None
        matcher = component(part)
        if matcher is None or not matcher.fullmatch(name):
            return None
    rest = parts[len(wanted) :]
    return "/".join([prefix, *rest])


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")


def _key(path: bytes) -> Key:
    return key_from_path(_text(path))
