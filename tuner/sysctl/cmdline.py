"""The settings on the kernel's command line, which the kernel itself applies before init runs.

Source: Linux 6.18 ``init/main.c`` ``process_sysctl_arg``, ``kernel/params.c`` ``parse_args``; since
Linux 5.8.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuner.sysctl.files import Setting
from tuner.sysctl.kernel import Kernel
from tuner.sysctl.key import key_from_path
from tuner.sysctl.loaders.run import Fate, Run
from tuner.sysctl.version import KernelVersion

CMDLINE = "/proc/cmdline"
_OLDEST = (5, 8)


def apply_cmdline(cmdline: str, kernel: Kernel, version: KernelVersion) -> Run:
    """Return what the kernel itself applies, before init runs (Linux 5.8 on)."""
    done = Run()
    for name, value in _words(cmdline):
        setting = _of_word(name, value)
        key, error = kernel.resolve(name.replace(".", "/"))
        if not version.at_least(*_OLDEST):
            done.add(setting, setting.key, Fate.NOT_READ)
        elif key is None:
            done.add(setting, setting.key, Fate.NO_SUCH_KEY, error=error)
        elif error := kernel.access(key):
            done.add(setting, key, Fate.READ_ONLY, error=error)
        else:
            done.put(kernel, setting, key, value.encode("utf-8", "surrogateescape"))
    return done


def cmdline_settings(cmdline: str) -> Iterator[Setting]:
    """Yield the settings of a command line, in order."""
    for name, value in _words(cmdline):
        yield _of_word(name, value)


def _of_word(name: str, value: str) -> Setting:
    return Setting(key_from_path(name.replace(".", "/")), value, CMDLINE, 1)


_WORD = re.compile(r'(?:[^\s"]|"[^"]*"?)+')


def _words(cmdline: str) -> Iterator[tuple[str, str]]:
    """Yield name and value of every ``sysctl.NAME=VALUE``; what follows ``--`` is init's."""
    for match in _WORD.finditer(cmdline):
        word = match[0].replace('"', "")
        if word == "--":
            return
        name, equals, value = word.partition("=")
        if equals and value and name.startswith(("sysctl.", "sysctl/")):
            yield name[len("sysctl.") :], value
