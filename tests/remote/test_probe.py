"""The probe under the shells it will meet, as root and as nobody."""

import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tuner.snapshot.dump import parse_dump
from tuner.snapshot.snapshot import Missing
from tuner.sysctl.files import Kind
from tuner.sysctl.key import Key

PROBE = Path(__file__).parents[2] / "tuner" / "remote" / "probe.sh"
SHELLS = [["dash"], ["bash"], ["bash", "--posix"], ["busybox", "sh"]]


def ask(*command: str) -> bytes:
    done = subprocess.run(
        command, check=False, input=PROBE.read_bytes(), capture_output=True, timeout=30
    )
    assert done.returncode == 0
    assert done.stderr == b""
    return done.stdout


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_every_shell_gives_the_same_answer(shell: list[str]) -> None:
    snapshot = parse_dump(ask(*shell))
    shown = Path("/proc/sys/net/ipv4/tcp_rmem").read_text().split()
    assert str(snapshot.value(Key("net.ipv4.tcp_rmem"))).split() == shown
    assert snapshot.kernel.release == Path("/proc/sys/kernel/osrelease").read_text().strip()
    assert snapshot.number(Key("fs.nr_open")) == int(Path("/proc/sys/fs/nr_open").read_text())
    assert snapshot.counters is not None
    assert 0.3 < snapshot.counters.seconds < 20
    assert snapshot.counters.totals["Tcp.ActiveOpens"] >= 0
    assert snapshot.sockets is not None
    assert snapshot.files is not None
    for entry in snapshot.files:
        if entry.kind is Kind.FILE:
            assert entry.content == Path(entry.path).read_bytes(), entry.path


@pytest.mark.root
def test_it_needs_no_root() -> None:
    snapshot = parse_dump(ask("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sh"))
    assert snapshot.system.uid == 65534
    assert snapshot.value(Key("net.core.somaxconn")) is not None
    denied = [key for key, value in snapshot.live.items() if value is Missing.DENIED]
    for key in denied:
        assert key.startswith(("net.", "vm.", "fs.", "kernel.")), key


def test_secrets_are_named_and_not_read() -> None:
    snapshot = parse_dump(ask("sh"))
    assert snapshot.reading(Key("net.ipv4.tcp_fastopen_key")) is Missing.UNASKED
    assert snapshot.reading(Key("net.ipv6.conf.lo.stable_secret")) is Missing.UNASKED


@pytest.mark.root
def test_it_opens_nothing_for_writing(tmp_path: Path) -> None:
    log = tmp_path / "trace"
    calls = "open,openat,creat,mkdir,mkdirat,unlink,unlinkat,rename,renameat,renameat2,truncate"
    ask("strace", "-f", "-qq", "-e", f"trace={calls}", "-o", str(log), "sh")
    lines = log.read_text(errors="replace").splitlines()
    opened = [line for line in lines if "open" in line]
    assert any("/proc/sys/net/core/somaxconn" in line or "somaxconn" in line for line in opened)
    changing = [
        line
        for line in lines
        if re.search(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|\b(creat|mkdir|unlink|rename|trunc)", line)
        and '"/dev/null"' not in line
        and '"/dev/tty"' not in line
    ]
    assert changing == []
    assert not [line for line in opened if "stable_secret" in line or "fastopen_key" in line]


def test_shellcheck_finds_nothing() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("shellcheck"), PROBE],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.stdout == ""
    assert done.returncode == 0


def test_half_a_script_does_nothing() -> None:
    text = PROBE.read_bytes()
    cut = text[: text.rindex(b"\nmain ")]
    done = subprocess.run(["sh"], input=cut, capture_output=True, check=False)
    assert done.stdout == b""


@pytest.mark.root
def test_many_interfaces_are_cut_and_then_nothing_is_called_absent() -> None:
    build = "for i in $(seq 70); do ip link add v$i type bridge || exit 9; done; exec sh"
    answer = ask("unshare", "--net", "sh", "-c", build)
    snapshot = parse_dump(answer)
    shown = {key.split(".")[3] for key in snapshot.live if key.startswith("net.ipv4.conf.")}
    assert {"all", "default", "lo"} <= shown
    assert len(shown) < 70
    assert snapshot.reading(Key("net.ipv4.conf.v70.no_such")) is Missing.UNASKED


@pytest.mark.root
def test_busybox_alone_is_enough(tmp_path: Path) -> None:
    busybox = Path("/usr/bin/busybox")
    if (
        b"not a dynamic"
        not in subprocess.run(["ldd", busybox], check=False, capture_output=True).stderr
        + subprocess.run(["ldd", busybox], check=False, capture_output=True).stdout
    ):
        pytest.skip("busybox is not static here")
    for folder in ("bin", "proc", "dev", "etc/sysctl.d"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "bin/busybox").write_bytes(busybox.read_bytes())
    (tmp_path / "bin/busybox").chmod(0o755)
    (tmp_path / "dev/null").touch()
    (tmp_path / "etc/sysctl.d/a b.conf").write_bytes(b"\0x\r")
    (tmp_path / "etc/sysctl.d/c.conf").symlink_to("/nowhere")
    enter = (
        f"mount -t proc proc {tmp_path}/proc && mount --bind /dev/null {tmp_path}/dev/null &&"
        f" chroot {tmp_path} /bin/busybox --install -s /bin && exec chroot {tmp_path} /bin/sh"
    )
    snapshot = parse_dump(ask("unshare", "--mount", "sh", "-c", enter))
    assert snapshot.number(Key("net.core.somaxconn")) is not None
    assert snapshot.files is not None
    assert [(entry.name, entry.kind, entry.content) for entry in snapshot.files] == [
        ("a b.conf", Kind.FILE, b"\0x\r"),
        ("c.conf", Kind.DANGLING, b""),
    ]
    assert [loader.name for loader in snapshot.system.loaders] == ["busybox"]
    assert snapshot.sockets is not None


def test_it_tells_what_the_boot_simulator_needs() -> None:
    snapshot = parse_dump(ask("sh"))
    assert Key("net.ipv4.conf.all.mc_forwarding") in snapshot.fixed
    assert Key("net.ipv4.ip_forward") not in snapshot.fixed
    assert {loader.name for loader in snapshot.system.loaders} >= {"procps", "busybox"}
    assert str(snapshot.programs.admin).startswith("sysctl --system (procps)")
    assert snapshot.boot is not None
    assert snapshot.boot.unreadable == ()


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_it_costs_a_host_less_than_a_tenth_of_a_second(shell: list[str]) -> None:
    def cost() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([*shell, PROBE], stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(cost() for _ in range(3)) < 0.1  # the best of three: others use the machine too
