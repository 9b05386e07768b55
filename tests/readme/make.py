"""Take the dumps of the README's fleet from real test hosts: ``sudo python -m tests.readme.make``.

Names of this machine's kernel are replaced, so that the dumps show nothing of where they were made.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fabric.fabric import Fabric, TimeWait

HERE = Path(__file__).resolve().parent
RELEASE = "6.18.5-amd64"
LIMITS = """\
# High-traffic tuning, copied from the wiki
net.ipv4.tcp_tw_recycle = 1
net.ipv4.tcp_rfc1337 = 1
net.core.somaxconn = 1024
"""
ROLE = "net.ipv4.tcp_tw_reuse = 1\nnet.ipv4.ip_local_port_range = 10000 65535\n"
LEGACY = ROLE + "# kill TIME_WAIT\nnet.ipv4.tcp_fin_timeout = 10\n"


def main() -> None:
    """Make the hosts, collect from them, and keep what they say."""
    web = {"net.ipv4.tcp_rfc1337": "1", "net.core.somaxconn": "1024"}
    app = {"net.ipv4.tcp_tw_reuse": "1", "net.ipv4.ip_local_port_range": "10000 65535"}
    time_wait = "net.netfilter.nf_conntrack_tcp_timeout_time_wait"
    with Fabric() as fabric:
        fabric.run(["nft", "table inet fabric { chain c { ct state invalid drop; }; }"])
        for number in range(1, 5):
            fabric.add(
                f"web{number}",
                sysctls=web,
                files={"/etc/sysctl.d/90-tuning.conf": LIMITS},
                listeners=[443],
                time_wait=[TimeWait(20)],
            )
        fabric.add(
            "app1",
            sysctls={**app, "net.ipv4.tcp_fin_timeout": "10"},
            files={"/etc/sysctl.d/50-app.conf": LEGACY},
        )
        fabric.add(
            "app2",
            sysctls=app,
            files={"/etc/sysctl.d/50-app.conf": ROLE.split("\n", maxsplit=1)[0]},
        )
        fabric.add("db1", listeners=[5432])
        fabric.add(
            "gw1",
            sysctls={"net.ipv4.ip_forward": "1", time_wait: "30"},
            files={
                "/etc/sysctl.d/10-router.conf": f"net.ipv4.ip_forward = 1\n{time_wait} = 30\n",
            },
        )
        with TemporaryDirectory() as name:
            folder = Path(name)
            inventory = fabric.inventory(folder / "inventory.yml")
            done = fabric.run(
                [sys.executable, "-m", "tuner", "collect", inventory, "-o", folder / "dumps"]
            )
            assert done.returncode == 0, done.stderr
            for dump in sorted((folder / "dumps").glob("*.dump")):
                (HERE / dump.name).write_bytes(cleaned(dump.read_bytes()))


def cleaned(dump: bytes) -> bytes:
    """Return the dump with the kernel's name and command line replaced."""
    release = Path("/proc/sys/kernel/osrelease").read_text().strip().encode()
    dump = dump.replace(release, RELEASE.encode())
    return re.sub(rb"(?m)^/proc/cmdline:.*$", b"/proc/cmdline:BOOT_IMAGE=/vmlinuz ro quiet", dump)


if __name__ == "__main__":
    main()
