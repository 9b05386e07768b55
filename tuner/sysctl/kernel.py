"""What the kernel does with a write to ``/proc/sys``: takes it, refuses it, or changes more by it.

A ``Kernel`` is a model in memory: the keys that exist, their texts as far as they are known, and
the interfaces that have an address. ``write`` returns the errno's name of a refusal and every key
that changed. Sources: Linux 6.18 ``kernel/sysctl.c`` (``proc_get_long``, ``__do_proc_dointvec``,
``do_proc_douintvec_w``, ``proc_do_large_bitmap``, ``_proc_do_string``), ``fs/proc/proc_sysctl.c``;
what else a write changes is in ``effects.py``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from tuner.sysctl.catalog import describe
from tuner.sysctl.effects import after
from tuner.sysctl.forms import (
    MILLISECONDS,
    NOT_ABOVE,
    NOT_BELOW,
    PORT_RANGE,
    Shape,
    form_of,
    shape_of,
)
from tuner.sysctl.globs import Tree, expand, make_tree
from tuner.sysctl.key import Key, key_from_path, key_path
from tuner.sysctl.numbers import Form, parse_ports, parse_vector, print_ports
from tuner.sysctl.version import KernelVersion, parse_version

_ROOT = ["proc", "sys"]
_AVAILABLE = Key("net.ipv4.tcp_available_congestion_control")
_PRIVILEGED = Key("net.ipv4.ip_unprivileged_port_start")
LONGEST_NAMES = {
    "net.ipv4.tcp_congestion_control": 15,  # TCP_CA_NAME_MAX - 1
    "net.core.default_qdisc": 15,  # IFNAMSIZ - 1
}
"""Keys that hold one name, and how many bytes of it the kernel reads."""
KNOWN_NAMES: Mapping[str, frozenset[str]] = {
    "net.ipv4.tcp_congestion_control": frozenset(
        {
            *("bbr", "bic", "cdg", "cubic", "dctcp", "highspeed", "htcp", "hybla", "illinois"),
            *("lp", "nv", "reno", "scalable", "vegas", "veno", "westwood", "yeah"),
        }
    ),
    "net.core.default_qdisc": frozenset(
        {
            *("bfifo", "cake", "choke", "codel", "fq", "fq_codel", "fq_pie", "pfifo"),
            *("pfifo_fast", "pie", "red", "sfb", "sfq"),
        }
    ),
}
"""Names that a module of a usual kernel provides, which the kernel loads when it is asked for."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a write: ``error`` is the errno's name, empty where the kernel took it.

    ``changed`` holds every key whose value is another now, the written one first; a refused vector
    may have changed too.
    """

    error: str = ""
    changed: tuple[Key, ...] = ()


@dataclass(slots=True)
class Interface:
    """What the kernel remembers of an interface.

    ``addressed``: it has had an IPv4 address; ``written``: these settings of it were written.
    """

    addressed: bool = False
    written: set[str] = field(default_factory=set)


class Kernel:
    """The keys below ``/proc/sys`` and their texts; None is a key whose text is not known.

    ``modes`` are permission bits where they are not 0644 (``catalog`` tells which keys are
    read-only); ``read_only`` are paths below which nothing can be written (a mount).
    ``names`` are the names that a key of a module accepts, where that is known exactly; ``hz`` are
    the timer ticks a second, 0 for not known.
    """

    def __init__(
        self,
        values: Mapping[Key, str | None],
        *,
        version: KernelVersion | None = None,
        addressed: Iterable[str] = ("lo",),
        modes: Mapping[Key, int] | None = None,
        read_only: Iterable[str] = (),
        names: Mapping[Key, frozenset[str]] | None = None,
        hz: int = 0,
    ) -> None:
        """Start from these values, which are not changed."""
        self._start = values
        self._now: dict[Key, str | None] = {}
        self._version = version or parse_version("6.1")
        self._interfaces: dict[str, Interface] = {
            name.replace(".", "/"): Interface(addressed=True) for name in addressed
        }
        self._modes = modes or {}
        self._read_only = tuple(read_only)
        self._names = names or {}
        self._hz = hz
        self._tree: Tree | None = None

    # --- looking

    def text(self, key: Key) -> str | None:
        """Return the key's text, None where it is absent or not known."""
        return self._now[key] if key in self._now else self._start.get(key)

    def has(self, key: Key) -> bool:
        """Tell whether the kernel has the key."""
        return key in self._start

    @property
    def keys(self) -> Iterable[Key]:
        """Every key there is."""
        return self._start.keys()

    def below(self, folder: str) -> list[str]:
        """Return the interfaces among the names in a folder such as ``net.ipv4.conf.``."""
        here: Tree | None = self._names_tree()
        for part in folder.rstrip(".").split("."):
            here = here.get(part) if here else None
        names = [name for name in here or () if name not in {"all", "default"}]
        return [name.replace(".", "/") for name in names]

    def remember(self, other: Kernel) -> None:
        """Take over what another model remembers of the interfaces."""
        self._interfaces = other._interfaces

    @property
    def hz(self) -> int:
        """Timer ticks a second, 0 where nobody knows."""
        return self._hz

    def interface(self, name: str) -> Interface:
        """Return what is remembered of an interface."""
        return self._interfaces.setdefault(name, Interface())

    def is_writable(self, key: Key) -> bool:
        """Tell whether root may write to it."""
        return bool(self.mode(key) & 0o200) and not self._is_on_read_only_mount(key)

    def form(self, key: Key) -> Form:
        """Return what the key's text is made of."""
        return form_of(key, self._shape(key), self._version, self._hz)

    def resolve(self, path: str) -> tuple[Key | None, str]:
        """Return the key of a path below ``/proc/sys``, or the errno of opening it.

        ``..`` and repeated slashes are followed as the file system does. OUTSIDE: the path leads
        out of ``/proc/sys``, where nothing is known.
        """
        if "//" not in path and "/." not in path and path[:1] not in {"/", "."}:
            key = _key(path)
            if key in self._start:
                return key, ""
        parts = [*_ROOT]
        for part in path.split("/"):
            if part in {"", "."}:
                continue
            if part == "..":
                if not self._is_folder(parts):
                    return None, self._missing(parts[len(_ROOT) :])
                parts = parts[:-1]
            elif parts[: len(_ROOT)] == _ROOT or [*parts, part] == _ROOT[: len(parts) + 1]:
                parts.append(part)
            else:
                return None, "OUTSIDE"
        if parts[: len(_ROOT)] != _ROOT:
            return None, "OUTSIDE"
        below = parts[len(_ROOT) :]
        key = _key("/".join(below))
        if key in self._start:
            return (None, "ENOTDIR") if path.endswith(("/", "/.")) else (key, "")
        return None, "EISDIR" if self._is_folder(parts) else self._missing(below)

    def matches(self, pattern: str, *, braces: bool, whole_paths: bool) -> list[str]:
        """Return the paths that a pattern below ``/proc/sys`` matches, files and folders."""
        return expand(pattern, self._names_tree(), braces=braces, whole_paths=whole_paths)

    def is_root(self, path: str) -> bool:
        """Tell whether the path is ``/proc/sys`` itself."""
        parts: list[str] = []
        for part in path.split("/"):
            if part == "..":
                parts = parts[:-1]
            elif part not in {"", "."}:
                parts.append(part)
        return not parts

    def exists(self, path: str) -> bool:
        """Tell whether a path below ``/proc/sys`` names a file or a folder."""
        key, error = self.resolve(path)
        return key is not None or error == "EISDIR"

    # --- writing

    def access(self, key: Key, *, reading: bool = False) -> str:
        """Return the errno of opening the key for writing, empty where root may.

        The capability to override permissions does not help (``proc_sys_permission``).
        """
        if self._is_on_read_only_mount(key):
            return "EROFS"
        mode = self.mode(key)
        if not mode & 0o200 or (reading and not mode & 0o400):
            return "EACCES"
        return ""

    def write(self, key: Key, data: bytes) -> Outcome:
        """Write the bytes to an open key."""
        error, text = self._parse(key, data)
        changed: list[Key] = []
        if text is not None and text != self.text(key):
            self._now[key] = text
            changed.append(key)
        changed += after(self, key, changed=bool(changed), refused=bool(error))
        return Outcome(error, tuple(changed))

    def set(self, key: Key, text: str) -> bool:
        """Set a key from inside; return whether that changed it."""
        if key not in self._start or self.text(key) == text:
            return False
        self._now[key] = text
        return True

    # --- inside

    def _parse(self, key: Key, data: bytes) -> tuple[str, str | None]:
        """Return the errno of a refusal and the text afterwards, None for no change."""
        form = self.form(key)
        before = self.text(key)
        if form.kind == "trigger":
            return "", None
        if form.kind == "ports":
            spans = parse_ports(data)
            return ("EINVAL", None) if spans is None else ("", print_ports(spans))
        if form.kind == "string":
            return self._parse_string(key, data)
        error, numbers = parse_vector(data, form)
        if key == PORT_RANGE:
            error = error or self._refused_range(numbers, before)
        elif key == _PRIVILEGED and not error and numbers:
            first = (self.text(PORT_RANGE) or "").split()
            if first and first[0].isdigit() and int(first[0]) < numbers[0]:
                error = "EINVAL"
        error = error or self._refused_pair(key, numbers)
        if (error and (form.count == 1 or form.whole)) or not numbers:
            return error, None
        if self._hz and key in MILLISECONDS:
            tick = 1000 // self._hz
            numbers = [-(-number // tick) * tick for number in numbers]
        elif key.startswith("net.bridge.bridge-nf-"):
            numbers = [int(number != 0) for number in numbers]
        old = (before or "").split()
        return error, "\t".join([*map(str, numbers), *old[len(numbers) :]])

    def _refused_pair(self, key: Key, numbers: list[int]) -> str:
        """Return EINVAL for a lower limit above its upper one."""
        low, high = NOT_ABOVE.get(key), NOT_BELOW.get(key)
        text = self.text(Key(low or high or ""))
        if not text or not text.isdigit() or not numbers:
            return ""
        wrong = numbers[0] > int(text) if low else numbers[0] < int(text)
        return "EINVAL" if wrong else ""

    def _refused_range(self, numbers: list[int], before: str | None) -> str:
        """Return EINVAL for a port range that ends before it begins, or begins too low."""
        old = [int(word) for word in (before or "").split() if word.isdigit()]
        both = [*numbers, *old[len(numbers) :]]
        if len(both) == 2 and both[1] < both[0]:  # noqa: PLR2004 - first and last
            return "EINVAL"
        least = self.text(_PRIVILEGED) or "0"
        return "EINVAL" if both and least.isdigit() and both[0] < int(least) else ""

    def _parse_string(self, key: Key, data: bytes) -> tuple[str, str | None]:
        text = data.partition(b"\n")[0].partition(b"\0")[0].decode("utf-8", "backslashreplace")
        longest = LONGEST_NAMES.get(key)
        if longest is None:
            return ("ENOENT", None) if _is_registered(key, text) is False else ("", text)
        text = text[:longest]
        known = self._names.get(key)
        if known is None:
            known = KNOWN_NAMES[key]
            if key == "net.ipv4.tcp_congestion_control":
                there = self.text(_AVAILABLE) or ""
                known = known | frozenset(there.split())
        if text in known:
            return "", text
        # In a namespace, what the first one has not allowed (tcp_set_default_congestion_control).
        return ("EPERM" if text in (self.text(_AVAILABLE) or "").split() else "ENOENT"), None

    def _shape(self, key: Key) -> Shape:
        """Return what the key's text at the beginning shows of what it is made of."""
        shape = getattr(self._start, "shape", None)
        return shape_of((shape(key) if shape is not None else "") or self._start.get(key) or "")

    def mode(self, key: Key) -> int:
        """Return the key's permission bits."""
        mode = self._modes.get(key)
        if mode is not None:
            return mode
        parameter = describe(key)
        return 0o444 if parameter is not None and not parameter.writable else 0o644

    def _is_on_read_only_mount(self, key: Key) -> bool:
        if not self._read_only:
            return False
        path = key_path(key)
        return any(
            not root or path == root or path.startswith(f"{root}/") for root in self._read_only
        )

    def _names_tree(self) -> Tree:
        if self._tree is None:
            self._tree = _tree_of(frozenset(self._start))
        return self._tree

    def _is_folder(self, parts: list[str]) -> bool:
        """Tell whether an absolute path is a folder, as far as that is known."""
        here: Tree | None = self._names_tree()
        for part in parts[len(_ROOT) :]:
            if here is None or part not in here:
                return False
            here = here[part]
        return here is not None

    def _missing(self, parts: list[str]) -> str:
        """Return why a path cannot be opened: a file on the way, or nothing there."""
        here: Tree | None = self._names_tree()
        for part in parts:
            if here is None:
                return "ENOTDIR"
            if part not in here:
                return "ENOENT"
            here = here[part]
        return "ENOTDIR"


_key: Callable[[str], Key] = lru_cache(maxsize=1 << 14)(key_from_path)


@lru_cache(maxsize=64)  # a fleet's hosts have the same keys
def _tree_of(keys: frozenset[Key]) -> Tree:
    return make_tree(key_path(key) for key in keys)


_REGISTERED = re.compile(r"net\.netfilter\.nf_log\.\d+|net\.mptcp\.(?:scheduler|path_manager)")


def _is_registered(key: Key, text: str) -> bool | None:
    """Tell whether the kernel knows a name; None where any text will do."""
    if not _REGISTERED.fullmatch(key):
        return None
    return text in {"NONE", "default", "kernel", "userspace", "nf_log_syslog"}
