"""What kind of machine a host is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Loader:
    """A program that applies sysctl files: systemd-sysctl, procps, busybox or openrc."""

    name: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class System:
    """What kind of machine this is. Sizes in bytes, uptime in seconds; 0 where unknown."""

    os_id: str = ""  # os-release ID, such as debian
    os_version: str = ""  # VERSION_ID
    os_name: str = ""  # PRETTY_NAME
    init: str = ""  # systemd, openrc, sysvinit, busybox, or the name of process 1
    loaders: tuple[Loader, ...] = ()
    container: str = ""  # docker, lxc, podman …; empty for none seen
    memory: int = 0
    cpus: int = 0
    page_size: int = 4096
    uptime: float = 0.0
    uid: int = 0  # who asked; 0 is root
    merged_usr: bool = True  # /lib is a link to /usr/lib
