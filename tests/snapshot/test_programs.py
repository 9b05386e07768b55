"""Which loader boots a host, and what its people type."""

from __future__ import annotations

import pytest

from tuner.snapshot.programs import choose_programs
from tuner.snapshot.system import Loader, System

SYSTEMD, PROCPS, BUSYBOX = (
    Loader("systemd-sysctl", "252"),
    Loader("procps", "4.0.2"),
    Loader("busybox", "1.36.1"),
)


@pytest.mark.parametrize(
    ("system", "boot", "admin"),
    [
        (System(init="systemd", loaders=(SYSTEMD, PROCPS)), "systemd 252", "procps 4.0.2"),
        (System(init="sshd", loaders=(SYSTEMD, PROCPS)), "systemd 252", "procps 4.0.2"),
        (
            System(os_id="alpine", init="openrc", loaders=(BUSYBOX,)),
            "alpine 1.36.1",
            "busybox 1.36.1",
        ),
        (System(os_id="gentoo", init="openrc", loaders=(PROCPS,)), "procps 4.0.2", "procps 4.0.2"),
        (System(init="sysvinit", loaders=(PROCPS, BUSYBOX)), "procps 4.0.2", "procps 4.0.2"),
        (System(os_id="void", init="runit", loaders=(PROCPS,)), "void 4.0.2", "procps 4.0.2"),
        (System(init="systemd"), "systemd 252", "procps 4.0.2"),
        (System(os_id="rocky", os_version="8.9"), "systemd 239", "procps 4.0.4"),
        (System(os_id="debian", os_version="11"), "systemd 247", "procps 3.3.17"),
        (System(os_id="centos", os_version="7"), "systemd 219", "procps 4.0.4"),
        (System(), "systemd 252", "procps 4.0.2"),
        (System(loaders=(Loader("procps", "?"),)), "systemd 252", "busybox 1.36.0"),
    ],
)
def test_which_loader(system: System, boot: str, admin: str) -> None:
    chosen = choose_programs(system)
    for program, expected in ((chosen.boot, boot), (chosen.admin, admin)):
        assert f"{program.name} {'.'.join(map(str, program.version))}" == expected
