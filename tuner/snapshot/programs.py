"""Which program applies the sysctl files when a host boots, and which one its people type.

Sources: systemd's NEWS 207; Debian ``/etc/init.d/procps``; OpenRC ``init.d/sysctl``; aports
``main/openrc/sysctl.initd``; void-runit ``core-services``; releases by their package lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tuner.snapshot.system import System
from tuner.sysctl.boot import SYSTEMD
from tuner.sysctl.loaders import Program, Version, parse_version


@dataclass(frozen=True, slots=True)
class Programs:
    """``boot`` applies the files at boot; ``admin`` is what ``sysctl`` means on a shell."""

    boot: Program
    admin: Program


_SYSTEMD_OF: Mapping[str, Mapping[str, int]] = {
    "debian": {"9": 232, "10": 241, "11": 247, "12": 252, "13": 257},
    "rhel": {"7": 219, "8": 239, "9": 252, "10": 257},
    "ubuntu": {"16.04": 229, "18.04": 237, "20.04": 245, "22.04": 249, "24.04": 255},
}
_LIKE_RHEL = frozenset({"rhel", "centos", "rocky", "almalinux", "ol"})
_PROCPS_OF: Mapping[int, Version] = {247: (3, 3, 17), 249: (3, 3, 17), 252: (4, 0, 2)}


def choose_programs(system: System) -> Programs:
    """Return the loaders of a host, by what it says of itself, else by its distribution."""
    found: dict[str, Version] = {}
    for loader in system.loaders:
        version = parse_version(loader.version)
        if version is not None:
            found.setdefault(loader.name, version)
    systemd = found.get("systemd-sysctl") or _systemd_of(system)
    procps = found.get("procps")
    busybox = found.get("busybox") or (1, 36, 0)
    admin = Program("procps", procps) if procps else Program("busybox", busybox)
    if not system.loaders and not procps:
        admin = Program("procps", _PROCPS_OF.get((systemd or (252,))[0], (4, 0, 4)))
    if system.init == "systemd" or (systemd and system.init not in _OTHER_INITS):
        return Programs(Program("systemd", systemd or SYSTEMD.version), admin)
    if system.os_id == "alpine" or (system.init in {"openrc", "busybox"} and procps is None):
        return Programs(Program("alpine", busybox), admin)
    if system.os_id == "void":
        return Programs(Program("void", procps or (4, 0, 4)), admin)
    if system.init in _OTHER_INITS:
        return Programs(Program("procps", procps or (4, 0, 4)), admin)
    return Programs(Program("systemd", systemd or SYSTEMD.version), admin)


_OTHER_INITS = frozenset({"openrc", "sysvinit", "busybox", "runit", "dinit", "s6-svscan"})


def _systemd_of(system: System) -> Version | None:
    """Return the systemd of a distribution's release, None where that is not known."""
    releases = _SYSTEMD_OF.get("rhel" if system.os_id in _LIKE_RHEL else system.os_id, {})
    number = releases.get(system.os_version) or releases.get(system.os_version.partition(".")[0])
    return None if number is None else (number,)
