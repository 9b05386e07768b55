"""The host that settings files make: a kernel with its own defaults that has loaded them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from tuner.snapshot.snapshot import Missing, Snapshot
from tuner.sysctl.catalog import latest_release, parameters
from tuner.sysctl.key import Key
from tuner.sysctl.version import KernelVersion


def as_loaded(files: Snapshot) -> Snapshot:
    """Return a host that has booted with the files, and of which nothing else is known.

    Its kernel is the snapshot's, where that is not known the newest that the catalogue speaks of.
    A key has the file's value where the kernel takes it, else mainline's default; what depends on
    the machine is not known. A key that this kernel has not is absent, whatever the files say.
    """
    kernel = files.kernel if files.kernel > KernelVersion(0, 0) else latest_release()
    defaults = _defaults(kernel)
    there = {key: text for key, text in defaults.items() if text is not Missing.ABSENT}
    host = replace(files, kernel=kernel, live=there)
    boot = host.boot
    live = dict(defaults)
    for key, decision in boot.decisions.items() if boot is not None else ():
        live[key] = str(decision.value)
    loaded = replace(host, live=live)
    vars(loaded)["boot"] = boot  # the same files on the same kernel: half of the time of a lint
    return loaded


@lru_cache(maxsize=8)  # many files are judged for few kernels
def _defaults(kernel: KernelVersion) -> Mapping[Key, str | Missing]:
    found: dict[Key, str | Missing] = {}
    for pattern, parameter in parameters().items():
        default = parameter.default(kernel)
        if default is None and parameter.present_in(kernel):
            continue
        reading = Missing.ABSENT if default is None else str(default)
        for name in ("all", "default") if ".*." in pattern else ("",):
            found.setdefault(Key(pattern.replace(".*.", f".{name}.")), reading)
    return found
