"""TuneD: its profiles' ``[sysctl]`` sections, then the host's files once more by its own reader.

``run(tree, kernel, profiles=…, reapply=True)``. The second part reads ``/run/sysctl.d``,
``/etc/sysctl.d`` (on equal names ``/run`` wins, the reverse of everyone else), then
``/etc/sysctl.conf``; names that begin with a dot too. Every dot becomes a slash, whichever comes
first, so that a key with an interface's dot is passed over. Source: TuneD 2.2x
``plugins/plugin_sysctl.py``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tuner.sysctl.files import Entry, Kind, Setting, settings_of
from tuner.sysctl.kernel import Kernel
from tuner.sysctl.key import key_from_path
from tuner.sysctl.lines import TUNED, LineKind
from tuner.sysctl.loaders.run import Fate, Run
from tuner.sysctl.tree import CONF, FileTree, chosen

DIRECTORIES = ("/run/sysctl.d", "/etc/sysctl.d")
_DEPRECATED = frozenset({"base_reachable_time", "retrans_time"})
_SECTION = re.compile(rb"^\s*\[([^\]]*)\]")


def run(
    tree: FileTree, kernel: Kernel, *, profiles: Sequence[Entry] = (), reapply: bool = True
) -> Run:
    """Apply the profiles, the included first, and the host's files; return what happened."""
    done = Run()
    settled: dict[str, tuple[Setting, bytes]] = {}
    for profile in profiles:
        for line, setting in settings_of(profile.path, sysctl_section(profile.content), TUNED):
            if setting is not None and line.value is not None:
                settled[line.key.decode("utf-8", "backslashreplace")] = (setting, line.value)
    for name, (setting, data) in settled.items():
        value = data.strip(b"\"'")
        if not value or value[:1] in b"<>" or b"${" in value:
            done.add(setting, key_from_path(_path(name)), Fate.NOT_UNDERSTOOD)
        else:
            _write(setting, name, value, kernel, done)
    if reapply:
        read, _ = chosen(tree, DIRECTORIES, hidden=True)
        conf = tree.get(CONF)
        for entry in [*read, *([conf] if conf else [])]:
            _apply(entry, kernel, done)
    return done


def sysctl_section(content: bytes) -> bytes:
    """Return a profile with every line blanked but those of its ``[sysctl]`` section."""
    lines = []
    inside = False
    for line in content.split(b"\n"):
        header = _SECTION.match(line)
        if header:
            inside = header[1].strip() == b"sysctl"
        lines.append(line if inside and not header else b"")
    return b"\n".join(lines)


def _apply(entry: Entry, kernel: Kernel, done: Run) -> None:
    if entry.kind is not Kind.FILE:
        return
    for line, setting in settings_of(entry.path, entry.content, TUNED):
        if line.kind is LineKind.NOT_UNDERSTOOD or (setting is not None and not line.key):
            done.complain(None, f"line {line.number}: syntax error", path=entry.path)
        elif setting is not None and line.value is not None:
            _write(setting, line.key.decode("utf-8", "backslashreplace"), line.value, kernel, done)


def _path(name: str) -> str:
    return name.replace(".", "/")


def _write(setting: Setting, name: str, data: bytes, kernel: Kernel, done: Run) -> None:
    path = _path(name)
    key, error = kernel.resolve(path)
    if path.rpartition("/")[2] in _DEPRECATED:
        done.add(setting, key_from_path(path), Fate.REFUSED)
    elif key is None:
        done.add(setting, key_from_path(path), Fate.NO_SUCH_KEY, error=error)
    elif error := kernel.access(key):
        done.add(setting, key, Fate.READ_ONLY, error=error)
    elif data:
        done.put(kernel, setting, key, data)
    else:
        done.add(setting, key, Fate.UNCHANGED)
