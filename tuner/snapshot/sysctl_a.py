"""The bare output of ``sysctl -a``: values, and nothing else."""

from __future__ import annotations

import re

from tuner.errors import DumpError
from tuner.quoting import first_line
from tuner.snapshot.dump import LONGEST_VALUE, cap
from tuner.snapshot.snapshot import Missing, Snapshot, Source
from tuner.sysctl.key import Key
from tuner.sysctl.version import parse_version

_LARGEST = 64 << 20
_MOST_KEYS = 200_000
_LINE = re.compile(r"([A-Za-z][\w]*(?:[./][^\s=]+)+) ?= ?(.*)")
_DENIED = re.compile(r"""(?:permission denied on key|reading key) ['"]([^'"\s]+)['"]""")
_PLAUSIBLE = ("net.core.", "net.ipv4.")
_SECRET = re.compile(r"net\.ipv4\.tcp_fastopen_key|net\.ipv6\.conf\..*\.stable_secret")


def is_sysctl_a(data: bytes) -> bool:
    """Tell whether the data looks like the output of ``sysctl -a``."""
    lines = data[: 1 << 16].decode("utf-8", "backslashreplace").splitlines()[:50]
    fitting = sum(bool(_LINE.fullmatch(line) or _DENIED.search(line)) for line in lines)
    return fitting > len(lines) / 2


def parse_sysctl_a(data: bytes, *, host: str = "", release: str = "") -> Snapshot:
    """Return what ``sysctl -a`` printed; files, counters and sockets are unknown.

    Args:
        data: its output, with or without its complaints.
        host: the host's name; without one, ``kernel.hostname``.
        release: the kernel's release, for output without ``kernel.osrelease``.

    Raises:
        DumpError: it is no such output, is too large, or names no kernel.
    """
    if len(data) > _LARGEST:
        raise DumpError(
            f"the output is larger than {_LARGEST >> 20} MiB",
            hint="is this really the output of `sysctl -a`?",
        )
    live: dict[Key, str | Missing] = {}
    for line in data.decode("utf-8", "backslashreplace").replace("\r\n", "\n").split("\n"):
        match = _LINE.fullmatch(line)
        if match is None:
            denied = _DENIED.search(line)
            if denied:
                live.setdefault(Key(denied[1]), Missing.DENIED)
            continue
        key, value = Key(match[1]), match[2]
        before = live.get(key)
        if _SECRET.fullmatch(key):
            live[key] = Missing.UNASKED
        elif before is None or isinstance(before, Missing):
            live[key] = cap(value)
        elif len(before) <= LONGEST_VALUE:
            live[key] = cap(f"{before}\n{value}")
        if len(live) > _MOST_KEYS:
            raise DumpError(
                f"the output has more than {_MOST_KEYS} keys",
                hint="is this really the output of `sysctl -a`?",
            )
    if not live:
        raise DumpError(
            f'not the output of sysctl -a: it begins with "{first_line(data)}"',
            hint="save it by: sysctl -a > HOST.txt",
        )
    shown = live.get(Key("kernel.osrelease"))
    name = live.get(Key("kernel.hostname"))
    try:
        kernel = parse_version(
            shown if isinstance(shown, str) and not isinstance(shown, Missing) else release
        )
    except ValueError:
        raise DumpError(
            "kernel.osrelease is missing, so the kernel's version is unknown",
            hint="save all of it: sysctl -a > HOST.txt; or take a dump: sh probe.sh > HOST.dump",
        ) from None
    plausible = all(any(key.startswith(prefix) for key in live) for prefix in _PLAUSIBLE)
    return Snapshot(
        host=host or (name if name and not isinstance(name, Missing) else ""),
        kernel=kernel,
        source=Source.SYSCTL_A,
        live=live,
        complete=frozenset({"net"}) if plausible else frozenset(),
    )
