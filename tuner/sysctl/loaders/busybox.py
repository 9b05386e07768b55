"""busybox' ``sysctl -p FILE…``: ``run(tree, kernel, files, version=(1, 35, 0))`` is one start.

Gate: 1.35 swaps the separators where the first dot comes before the first slash (absent in 1.30).
A refused write ends the program, and with it all that is left of its files. Sources: busybox
1.30.1, 1.35.0, 1.38.0 ``procps/sysctl.c``, ``libbb/parse_config.c``.
"""

from __future__ import annotations

from collections.abc import Sequence

from tuner.sysctl.files import Entry, Kind, Setting, settings_of
from tuner.sysctl.kernel import Kernel
from tuner.sysctl.key import key_from_path
from tuner.sysctl.lines import BUSYBOX, LineKind
from tuner.sysctl.loaders.run import Fate, Run
from tuner.sysctl.tree import CONF, FileTree

Version = tuple[int, ...]
_PROC_SYS = "/proc/sys/"
_PATH_MAX = 4096


def run(
    tree: FileTree,
    kernel: Kernel,
    *,
    version: Version = (1, 35, 0),
    files: Sequence[str] = (CONF,),
) -> Run:
    """Apply these files, in this order, to the kernel; return what happened."""
    done = Run()
    for path in files:
        entry = tree.get(path)
        if entry is None or entry.kind is Kind.DANGLING:
            done.complain(None, "No such file or directory", path=path)
        elif done.exit_code:
            done.unread(entry, Fate.FILE_LOST, "", BUSYBOX)
        else:
            _apply(entry, kernel, version, done)
    return done


def _apply(entry: Entry, kernel: Kernel, version: Version, done: Run) -> None:
    for line, setting in settings_of(entry.path, entry.content, BUSYBOX):
        if line.kind is LineKind.NOT_UNDERSTOOD:
            if not done.exit_code:
                done.complain(None, f"bad line {line.number}", path=entry.path)
        elif setting is None or line.value is None:
            continue
        elif done.exit_code:
            done.add(setting, setting.key, Fate.FILE_LOST)
        elif not line.key or (version < (1, 35) and not line.value):
            done.add(setting, None, Fate.NOT_UNDERSTOOD)
            done.complain(setting, "malformed setting")
        else:
            name = to_path(line.key.decode("utf-8", "backslashreplace"), kernel, version)
            _write(setting, name, line.value, kernel, done)


def _write(setting: Setting, name: str, data: bytes, kernel: Kernel, done: Run) -> None:
    path = name.removeprefix(_PROC_SYS) if name.startswith(_PROC_SYS) else name
    if name.startswith("/") and path == name:
        done.add(setting, None, Fate.NO_SUCH_KEY, error="OUTSIDE")
        done.complain(setting, f"writes the file {name}")
        return
    key, error = kernel.resolve(path)
    if key is None:
        done.add(setting, key_from_path(path), Fate.NO_SUCH_KEY, error=error)
        done.complain(setting, f"{error} at {path}")
        return
    error = kernel.access(key)
    if error:
        done.add(setting, key, Fate.READ_ONLY, error=error)
        done.complain(setting, f"{error} at {path}")
    elif not data:  # opened, and nothing is written
        done.add(setting, key, Fate.UNCHANGED)
    elif error := done.put(kernel, setting, key, data):
        done.fail(setting, f"{error} at {path}: the rest of the files is not applied")


def to_path(key: str, kernel: Kernel, version: Version) -> str:
    """Return the path that ``sysctl_dots_to_slashes`` makes of a key.

    The smallest number of dots becomes slashes, from the right, so that the path exists.
    """
    dot, slash = key.find("."), key.find("/")
    if version >= (1, 35) and -1 < dot < slash:
        return key.translate(_SWAP)
    name = list(key)
    last_good = -1
    while True:
        for at in range(len(name), last_good, -1):
            ends = at == len(name) or name[at] == "."
            if ends and _exists("".join(name[:at]), kernel):
                last_good = at
                break
        else:
            return "".join(name)
        if last_good == len(name):
            return "".join(name)
        name[last_good] = "/"


_SWAP = str.maketrans("./", "/.")


def _exists(name: str, kernel: Kernel) -> bool:
    if not name or len(name) >= _PATH_MAX:
        return False
    if name.startswith("/"):
        whole = name.rstrip("/")
        if whole in {"", "/proc", "/proc/sys"}:
            return True
        return whole.startswith(_PROC_SYS) and kernel.exists(whole.removeprefix(_PROC_SYS))
    return kernel.exists(name)
