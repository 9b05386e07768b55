"""Files that make a setting's module be there when the setting is loaded.

A key of a kernel module does not exist before the module is loaded, and systemd-sysctl passes over
a missing key in silence. modules-load.d loads the module before the settings (sysctl.d(5)); where
udev runs, a rule sets them again whenever the module is loaded anew, as firewalls do that unload
it when they stop.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tuner.plan.own import MARKER, MODULES, RULES, is_own
from tuner.plan.plan import FileChange, Left
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.catalog import describe
from tuner.sysctl.files import Kind
from tuner.sysctl.key import Key, key_path

_LOADER = "/lib/systemd/systemd-sysctl"
_DEPTH = 2  # net/netfilter/nf_conntrack_max belongs to the prefix net/netfilter


def modules_of(keys: Iterable[Key]) -> dict[str, tuple[str, ...]]:
    """Return each module that the keys need, with the prefixes of its keys, sorted."""
    found: dict[str, set[str]] = {}
    for key in keys:
        parameter = describe(key)
        if parameter is not None and parameter.module:
            folder, _, _ = key_path(key).rpartition("/")
            prefix = folder if folder.count("/") + 1 >= _DEPTH else key_path(key)
            found.setdefault(parameter.module, set()).add(f"/{prefix}")
    return {module: tuple(sorted(found[module])) for module in sorted(found)}


def modules_text(modules: Iterable[str]) -> str:
    """Return the content of a file of modules-load.d(5)."""
    head = f"{MARKER}: these modules bring keys that its sysctl file sets.\n"
    return head + "".join(f"{module}\n" for module in modules)


def rules_text(modules: dict[str, tuple[str, ...]]) -> str:
    """Return the content of a file of udev rules that set a module's keys when it is loaded."""
    head = f"{MARKER}: a module that is loaded anew begins with its defaults.\n"
    return head + "".join(
        f'ACTION=="add", SUBSYSTEM=="module", KERNEL=="{module}", '
        f'RUN+="{_LOADER}{"".join(f" --prefix={prefix}" for prefix in prefixes)}"\n'
        for module, prefixes in modules.items()
    )


def module_files(
    snapshot: Snapshot, keys: Sequence[Key]
) -> tuple[tuple[FileChange, ...], tuple[Left, ...]]:
    """Return the changes of tuner's two files about modules, and what stands in their way."""
    if snapshot.files is None:
        return (), ()  # nobody knows what this source's host has
    modules = {} if snapshot.system.container else modules_of(keys)
    listed = _listed(snapshot)
    missing = [module for module in modules if module not in listed]
    udev = modules if snapshot.system.init == "systemd" else {}
    wanted = {
        MODULES: modules_text(missing) if missing else "",
        RULES: rules_text(udev) if udev else "",
    }
    changes, left = [], []
    for path, text in wanted.items():
        present = next((it for it in snapshot.modules_load if it.path == path), None)
        if present is not None and not is_own(present):
            if text and present.kind is not Kind.DANGLING:
                reason = f"{path} is not tuner's: it lacks the line that says so"
                left += [Left(key, "", reason) for key in keys if _needs(key)]
        elif _said(text.encode()) != _said(present.content if present else b""):
            before = present.content if present else None
            changes.append(FileChange(path, before, text.encode() if text else None))
    return tuple(changes), tuple(left)


def _needs(key: Key) -> bool:
    parameter = describe(key)
    return parameter is not None and bool(parameter.module)


def _listed(snapshot: Snapshot) -> set[str]:
    """Return the modules that other files of the host load at boot."""
    return {
        line
        for entry in snapshot.modules_load
        if entry.path not in {MODULES, RULES} and entry.kind is Kind.FILE
        for line in _said(entry.content)
    }


def _said(content: bytes) -> list[str]:
    lines = (line.strip() for line in content.decode("utf-8", "backslashreplace").split("\n"))
    return [line for line in lines if line and line[0] not in "#;"]
