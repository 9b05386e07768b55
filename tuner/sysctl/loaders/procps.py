"""procps' ``sysctl --system`` and ``sysctl -p FILE…``: ``run(tree, kernel, version=(4, 0, 2))``.

Gates: up to 3.3.16 ``/run`` comes before ``/etc``; 3.3 writes line by line, knows neither patterns
nor exclusions, reuses its buffer (``lines.read_procps3``) and does not fail for a refused value;
4.0.5 an exclusion may be a pattern; 4.0.6 a key that cannot be written makes it fail, and a dash
forgives a refused value (measured on 4.0.7). Sources: procps 3.3.17 ``sysctl.c``, 4.0.2 and 4.0.4
``src/sysctl.c``, ``local/procio.c``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tuner.sysctl.files import Entry, Kind, Setting, pair, settings_of
from tuner.sysctl.globs import component, expand, is_pattern, make_tree
from tuner.sysctl.kernel import Kernel
from tuner.sysctl.key import Key, key_from_path
from tuner.sysctl.lines import PROCPS_4, LineKind, read_procps3
from tuner.sysctl.loaders.run import Fate, Run, Write, is_there, place
from tuner.sysctl.numbers import parse_ports, ports_of_a_page
from tuner.sysctl.tree import CONF, DIRECTORIES, FileTree, chosen, masks

_PATH_MAX, _NAME_MAX = 4096, 255
_LONGEST_WRITE = 4096  # LINELEN of procio.c
_DEPRECATED = (b"base_reachable_time", b"retrans_time")
Version = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Node:
    """One entry of the list: an assignment, or an exclusion (``data`` None)."""

    setting: Setting
    path: str  # below /proc/sys, as it is spelled
    data: bytes | None
    ignore: bool


def directories(version: Version) -> tuple[str, ...]:
    """Return the folders of drop-in files, the strongest first."""
    if version >= (3, 3, 17):
        return DIRECTORIES
    return (DIRECTORIES[1], DIRECTORIES[0], *DIRECTORIES[2:])


def run(
    tree: FileTree,
    kernel: Kernel,
    *,
    version: Version = (4, 0, 2),
    files: Sequence[str] | None = None,
    ignore_unknown: bool | None = None,
) -> Run:
    """Apply the tree's files to the kernel; return what happened.

    Args:
        tree: the files.
        kernel: is changed.
        version: of procps.
        files: as ``sysctl -p FILE…`` names them; None is ``--system``.
        ignore_unknown: ``-e``; None is what ``files`` implies.
    """
    done = Run()
    ignore_unknown = files is None if ignore_unknown is None else ignore_unknown
    if files is None:
        read, unread = chosen(tree, directories(version), hidden=True)
        conf = tree.get(CONF)
        if conf is not None and is_there(conf):
            read = [*read, conf]
        for entry, winner in unread:
            if winner is None:
                done.unread(entry, Fate.NOT_READ, "", PROCPS_4)
            else:
                fate = Fate.MASKED if masks(winner) else Fate.SHADOWED
                done.unread(entry, fate, winner.path, PROCPS_4)
    else:
        read = [tree.get(path) or Entry(path, Kind.DANGLING) for path in files]
    read = [opened for entry in read for opened in _opened(tree, entry)]
    old = version < (4,)
    loader = _Loader(kernel, version, done, ignore_unknown=ignore_unknown)
    for entry in read:
        if entry.kind is Kind.DANGLING:
            done.fail(None, "No such file or directory", path=entry.path, code=255 if old else 1)
        elif entry.kind is Kind.DIRECTORY:
            continue
        elif old:
            loader.apply_3(entry)
        else:
            loader.collect(entry)
    loader.apply_all()
    return done


class _Loader:
    def __init__(
        self, kernel: Kernel, version: Version, done: Run, *, ignore_unknown: bool
    ) -> None:
        self._kernel = kernel
        self._version = version
        self._done = done
        self._ignore_unknown = ignore_unknown
        self._nodes: list[_Node] = []
        self._buffer = bytearray(_LONGEST_WRITE)

    def apply_3(self, entry: Entry) -> None:
        """Write every line of a file as it is read, as 3.3 does."""
        lines = read_procps3(entry.content, self._buffer)
        for line, setting in pair(entry.path, lines, entry.content):
            if line.kind is LineKind.NOT_UNDERSTOOD:
                self._done.complain(None, f"line {line.number}: invalid syntax", path=entry.path)
            if setting is None or line.value is None:
                continue
            if not line.key and not line.dash:
                continue
            path = to_path(line.key)
            if line.key.replace(b"/", b".").rpartition(b".")[2] in _DEPRECATED:
                self._done.add(setting, key_from_path(path), Fate.REFUSED)
                self._done.complain(setting, "deprecated, not set")
                continue
            self._write(_Node(setting, path, line.value, line.dash), path)

    def collect(self, entry: Entry) -> None:
        """Take a file's lines into the list that 4.x writes at the end."""
        for line, setting in settings_of(entry.path, entry.content, PROCPS_4):
            if line.kind is LineKind.NOT_UNDERSTOOD:
                self._done.complain(None, f"line {line.number}: invalid syntax", path=entry.path)
            if setting is not None:
                key = line.key.removeprefix(b"-")  # setting_new() drops one more
                self._nodes.append(_Node(setting, to_path(key), line.value, line.dash))

    def apply_all(self) -> None:
        """Write the list in its order."""
        explicit: dict[str, _Node] = {}
        exclusions: list[_Node] = []
        for node in self._nodes:
            explicit.setdefault(node.path, node)
            if node.data is None:
                self._done.add(node.setting, key_from_path(node.path), Fate.EXCLUDES)
                if self._version >= (4, 0, 5) and is_pattern(node.path):
                    exclusions.append(node)
        for node in self._nodes:
            if node.data is None:
                continue
            if not is_pattern(node.path):
                self._write(node, node.path)
                continue
            matches = self._kernel.matches(node.path, braces=False, whole_paths=True)
            if not matches:
                self._done.add(node.setting, node.setting.key, Fate.NO_MATCH)
            for path in matches:
                other = explicit.get(path) or next(
                    (each for each in exclusions if _excludes(each.path, path)), None
                )
                if other is None:
                    self._write(node, path)
                else:
                    fate = Fate.EXCLUDED if other.data is None else Fate.EXPLICIT
                    self._done.add(node.setting, key_from_path(path), fate, by=place(other.setting))

    def _write(self, node: _Node, path: str) -> None:
        setting, data = node.setting, node.data or b""
        fails = 255 if self._version < (4,) else 1
        key, error = self._kernel.resolve(path)
        if len(path) + 11 >= _PATH_MAX or any(len(p.encode()) > _NAME_MAX for p in path.split("/")):
            key, error = None, "ENOENT"
        if error == "EISDIR" and self._kernel.is_root(path):
            error = "OUTSIDE"
        elif error == "OUTSIDE" and set(path.split("/")) - {"", ".", ".."}:
            error = "ENOENT"  # what lies elsewhere is taken not to be there
        if key is None and error in {"ENOENT", "ENOTDIR"}:
            self._done.add(setting, key_from_path(path), Fate.NO_SUCH_KEY, error=error)
            if not self._ignore_unknown:
                self._done.fail(setting, f"cannot stat {path}", code=fails)
            return
        if error == "OUTSIDE":
            self._done.add(setting, key_from_path(path), Fate.NO_SUCH_KEY, error=error)
            if self._version >= (4,):
                self._done.fail(setting, f"path is not under /proc/sys: {path}")
            return
        if key is None or self._kernel.mode(key) & 0o200 == 0:
            fate = Fate.NO_SUCH_KEY if key is None else Fate.READ_ONLY
            self._done.add(setting, key or key_from_path(path), fate, error=error or "EPERM")
            self._done.complain(setting, f"cannot be set: {path}")
            if self._version >= (4, 0, 6):
                self._done.exit_code |= 1
            return
        error = self._kernel.access(key)
        if error:
            self._done.add(setting, key, Fate.READ_ONLY, error=error)
            self._done.complain(setting, f"permission denied on {path}")
            if not node.ignore:
                self._done.exit_code |= fails
            return
        error = self._put(setting, key, data)
        if error:
            self._done.complain(setting, f"{error} at {path}")
            forgiven = self._version < (4,) or (node.ignore and self._version >= (4, 0, 6))
            self._done.exit_code |= 0 if forgiven else 1

    def _put(self, setting: Setting, key: Key, data: bytes) -> str:
        """Write the value and a newline; a value that is refused is written once more, in pieces.

        A list of which the kernel takes a page is not continued.
        """
        rest = data + b"\n"
        is_list = self._kernel.form(key).kind == "ports"
        taken = ports_of_a_page(rest) if is_list else rest
        error = self._done.put(self._kernel, setting, key, rest, taken=taken)
        if error != "EINVAL":
            return error
        while len(rest) > _LONGEST_WRITE:
            cut = rest.rfind(b",", 0, _LONGEST_WRITE)
            if cut < 0:
                return error
            piece, rest = rest[:cut] + b"\n", rest[cut + 1 :]
            if not is_list or parse_ports(piece) is None:
                self._done.writes.append(Write(key, piece, error))
                return error
            self._done.put(self._kernel, setting, key, piece)
        self._done.writes.append(Write(key, rest, error))
        return error


def to_path(key: bytes) -> str:
    """Return the path below ``/proc/sys`` that ``slashdot`` makes of a key, as it is spelled."""
    dot, slash = key.find(b"."), key.find(b"/")
    if dot >= 0 and (slash < 0 or dot < slash):
        key = key.translate(_SWAP)
    return key.decode("utf-8", "backslashreplace")


_SWAP = bytes.maketrans(b"./", b"/.")


def _excludes(pattern: str, path: str) -> bool:
    matcher = component(f"/proc/sys/{pattern}", slashes=True)
    return matcher is not None and matcher.fullmatch(f"/proc/sys/{path}") is not None


def _opened(tree: FileTree, entry: Entry) -> list[Entry]:
    """Return what procps opens for a file's path, which it takes for a pattern of glob(3)."""
    if not any(character in entry.path for character in "*?[{\\"):
        return [entry]
    names = make_tree(path.lstrip("/") for path in sorted(each.path for each in tree.entries))
    paths = expand(entry.path.lstrip("/"), names, braces=True, whole_paths=True)
    found = [tree.get(f"/{path}") for path in paths]
    return [each for each in found if each is not None] or [entry]
