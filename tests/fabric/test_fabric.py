"""The test hosts themselves: private where they must be, harmless to the machine, gone afterwards."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.fabric.fabric import Fabric, NamespaceHost, TimeWait, User

pytestmark = pytest.mark.root

CHECKOUT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def pair(fabric: Fabric) -> Iterator[tuple[NamespaceHost, NamespaceHost]]:
    first = fabric.add(
        "first",
        sysctls={"net.ipv4.tcp_fin_timeout": 33, "net.ipv4.ip_local_port_range": "20000 30000"},
        files={"/etc/sysctl.d/x.conf": "net.core.somaxconn = 777\n"},
        links={"/etc/sysctl.d/y.conf": "/dev/null"},
        users=[User("ada", "it's me"), User("bob", "", "/usr/bin/fish")],
        user="ada",
        sudoers="ada ALL=(ALL) ALL\n",
        listeners=[8080],
        time_wait=[TimeWait(5), TimeWait(3, server_closes=False)],
    )
    second = fabric.add("second")
    yield first, second
    fabric.stop(first)
    fabric.stop(second)


def test_live_values_belong_to_one_host(pair: tuple[NamespaceHost, NamespaceHost]) -> None:
    first, second = pair
    machine = Path("/proc/sys/net/ipv4/tcp_fin_timeout").read_text()
    assert first.sysctl("net.ipv4.tcp_fin_timeout") == "33"
    assert first.sysctl("net.ipv4.ip_local_port_range").split() == ["20000", "30000"]
    assert second.sysctl("net.ipv4.tcp_fin_timeout") == "60"
    done = second.run(["sysctl", "-w", "net.ipv4.tcp_fin_timeout=44"])
    assert done.returncode == 0, done.stderr
    assert first.sysctl("net.ipv4.tcp_fin_timeout") == "33"
    assert Path("/proc/sys/net/ipv4/tcp_fin_timeout").read_text() == machine


def test_etc_is_private_and_starts_without_settings(
    pair: tuple[NamespaceHost, NamespaceHost],
) -> None:
    first, second = pair
    assert first.run(["ls", "/etc/sysctl.d"]).stdout.split() == ["x.conf", "y.conf"]
    for folder in ("/etc/sysctl.d", "/run/sysctl.d", "/usr/lib/sysctl.d"):
        assert second.run(["ls", "-A", folder]).stdout == ""
    assert not Path("/etc/sysctl.d/x.conf").exists()
    assert "fabric" not in Path("/etc/passwd").read_text()
    done = first.run(["sysctl", "--system"])
    assert "net.core.somaxconn = 777" in done.stdout
    assert first.sysctl("net.core.somaxconn") == "777"
    assert second.sysctl("net.core.somaxconn") != "777"


def test_login_names_users_and_sudo_are_real(
    fabric: Fabric, pair: tuple[NamespaceHost, NamespaceHost]
) -> None:
    first, second = pair
    assert fabric.ssh(first, "hostname; id -un").stdout.split() == ["first", "ada"]
    assert fabric.ssh(second, "hostname; id -un").stdout.split() == ["second", "root"]
    assert fabric.ssh(first, "echo $FISH_VERSION", user="bob").stdout.strip()
    right = fabric.ssh(first, "echo \"it's me\" | sudo -k -S -p '' id -u")
    assert right.stdout.strip() == "0", right.stderr
    wrong = fabric.ssh(first, "echo wrong | sudo -k -S -p '' id -u")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert fabric.ssh(second, "true", user="ada").returncode == 255


@pytest.mark.parametrize("key", ["vm/swappiness", "fs/file-max", "kernel/panic", "kernel/pid_max"])
def test_the_machine_cannot_be_changed_from_a_host(
    fabric: Fabric, pair: tuple[NamespaceHost, NamespaceHost], key: str
) -> None:
    path = f"/proc/sys/{key}"
    before = Path(path).read_text()
    done = fabric.ssh(
        pair[1],
        f"cat {path} > {path}; echo wrote $?; mount -o remount,rw,bind /proc/sys; echo mount $?; "
        f"umount /proc/sys; echo umount $?; cat {path} > {path}; echo again $?",
    )
    said = dict(line.split() for line in done.stdout.splitlines())
    assert set(said) == {"wrote", "mount", "umount", "again"}
    assert "0" not in said.values()
    assert "Read-only file system" in done.stderr
    assert Path(path).read_text() == before


def test_only_net_may_be_set_and_the_error_says_why(fabric: Fabric) -> None:
    with pytest.raises(OSError, match=r"vm\.swappiness is not a setting of a network namespace"):
        fabric.add("never", sysctls={"vm.swappiness": 10})
    with pytest.raises(OSError, match="Invalid argument"):
        fabric.add("never", sysctls={"net.ipv4.tcp_fin_timeout": "many"})
    assert "never" not in fabric.hosts


def test_listeners_and_time_wait_are_real_sockets(
    pair: tuple[NamespaceHost, NamespaceHost],
) -> None:
    rows = [line.split() for line in pair[0].run(["ss", "-tan"]).stdout.splitlines()]
    listening = {row[3].rpartition(":")[2] for row in rows if row[0] == "LISTEN"}
    assert listening == {"22", "8080"}
    # A connection of sshd's may be waiting as well.
    waiting = [row[3:5] for row in rows if row[0] == "TIME-WAIT" and not row[3].endswith(":22")]
    assert sum(local.endswith(":8080") for local, _ in waiting) == 5
    assert sum(remote.endswith(":8080") for _, remote in waiting) == 3
    assert len(waiting) == 8


def test_masks_hide_close_and_freeze(fabric: Fabric) -> None:
    host = fabric.add(
        "masked",
        users=[User("ops")],
        user="ops",
        masks={"/proc/sys/net/unix": "empty", "/proc/sys/net/ipv4": "closed"},
    )
    assert fabric.ssh(host, "ls -A /proc/sys/net/unix").stdout == ""
    assert "Permission denied" in fabric.ssh(host, "ls /proc/sys/net/ipv4").stderr
    frozen = fabric.add("frozen", masks={"/proc/sys/net": "readonly"})
    done = fabric.ssh(frozen, "echo 1 > /proc/sys/net/ipv4/ip_forward")
    assert "Read-only file system" in done.stderr
    fabric.stop(host)
    fabric.stop(frozen)


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        ("refuses", "Connection refused"),
        ("blackhole", "Connection timed out"),
        ("garbage banner", "invalid"),
        ("closes after banner", "onnection"),
        ("resets", "reset"),
    ],
)
def test_ssh_meets_the_fakes_as_named(fabric: Fabric, behaviour: str, says: str) -> None:
    fake = fabric.add_fake(f"fake-{behaviour}", behaviour)
    options = ["-F", "none", "-o", "BatchMode=yes", "-o", "ConnectTimeout=1", "-v"]
    done = fabric.run(["ssh", *options, f"root@{fake.address}"], stdin=subprocess.DEVNULL)
    assert done.returncode == 255
    assert says in done.stderr


def test_sshd_that_is_crowded_drops_us(fabric: Fabric) -> None:
    host = fabric.add("crowd", sshd_config="MaxStartups 1:100:1\nLoginGraceTime 600\n", crowd=1)
    end = time.monotonic() + 5
    while (done := fabric.ssh(host, "true")).returncode == 0:
        assert time.monotonic() < end, "sshd let everybody in"
    assert done.returncode == 255
    fabric.stop(host)


def places() -> tuple[str, str]:
    """What the machine's own namespaces hold."""
    links = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True)
    return links.stdout, Path("/proc/self/mountinfo").read_text()


def test_fifty_hosts_come_quickly_and_leave_nothing() -> None:
    before = places()
    started = time.monotonic()
    with Fabric() as many:
        hosts = [many.add(f"node{number}", wait=False) for number in range(50)]
        many.wait_for_all()
        took = time.monotonic() - started
        folder = many.folder
        pids = {pid for host in hosts for pid in (host.pid, host.outer)} | {many.pid}
        assert all(Path(f"/proc/{pid}").exists() for pid in pids)
        assert places() == before
    assert took < 10, took
    assert places() == before
    assert not folder.exists()
    wait_for_the_end_of(pids)


def test_hosts_die_with_the_test_run() -> None:
    code = (
        "import time\n"
        "from tests.fabric.fabric import Fabric\n"
        "fabric = Fabric()\n"
        "host = fabric.add('orphan', listeners=[80])\n"
        "fake = fabric.add_fake('wire', 'silent')\n"
        "print(fabric.pid, host.pid, host.outer, fabric.folder, flush=True)\n"
        "time.sleep(60)\n"
    )
    runner = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=CHECKOUT
    )
    assert runner.stdout is not None
    *pids, folder = runner.stdout.readline().split()
    assert all(Path(f"/proc/{pid}").exists() for pid in pids)
    runner.send_signal(signal.SIGKILL)
    runner.wait()
    runner.stdout.close()
    wait_for_the_end_of(int(pid) for pid in pids)
    subprocess.run(["rm", "-r", folder], check=True)


def wait_for_the_end_of(pids: Iterable[int]) -> None:
    left = set(pids)
    end = time.monotonic() + 5
    while left := {pid for pid in left if Path(f"/proc/{pid}").exists()}:
        assert time.monotonic() < end, f"still there: {left}"
        time.sleep(0.01)


def test_a_host_starts_again_with_its_disk_and_nothing_else(fabric: Fabric) -> None:
    host = fabric.add(
        "again",
        files={"/etc/sysctl.d/x.conf": "net.ipv4.tcp_fin_timeout = 33\n"},
        disk="4m",
        boot=["sysctl", "-q", "--system"],
    )
    assert host.sysctl("net.ipv4.tcp_fin_timeout") == "33"
    host.run(["sysctl", "-qw", "net.ipv4.tcp_fin_timeout=44", "net.ipv4.tcp_sack=0"])
    host.run(["sh", "-c", "echo kept >/var/lib/kept; echo lost >/run/lost"])
    fabric.restart(host)
    assert host.sysctl("net.ipv4.tcp_fin_timeout") == "33"
    assert host.sysctl("net.ipv4.tcp_sack") == "1"
    assert fabric.ssh(host, "cat /var/lib/kept; ls /run/lost").stdout == "kept\n"
    full = host.run(["sh", "-c", "cat /dev/zero >/var/fill"])
    assert "No space left" in full.stderr
    fabric.plug(host, connected=False)
    assert fabric.ssh(host, "true", timeout=20).returncode == 255
    fabric.plug(host, connected=True)
    assert fabric.ssh(host, "true").returncode == 0
    fabric.stop(host)


def test_a_real_systemd_boots_a_host_and_leaves_nothing_behind(fabric: Fabric) -> None:
    host = fabric.add(
        "booted",
        files={"/etc/sysctl.d/x.conf": "net.ipv4.tcp_fin_timeout = 33\n"},
        disk="4m",
        systemd=True,
    )
    for _ in range(2):
        done = fabric.ssh(host, "cat /proc/1/comm; hostname; systemctl is-system-running")
        assert done.stdout.split() == ["systemd", "booted", "running"], done.stderr
        assert host.sysctl("net.ipv4.tcp_fin_timeout") == "33"
        assert fabric.ssh(host, "echo 1 >/proc/sys/vm/swappiness").returncode != 0
        fabric.restart(host)
    assert list(groups())
    fabric.stop(host)
    assert not list(groups())


def groups() -> Iterator[Path]:
    lines = (line.split() for line in Path("/proc/self/mounts").read_text().splitlines())
    for place in (Path(line[1]) for line in lines if line[2] == "cgroup2"):
        yield from place.glob("fabric-*-booted")
