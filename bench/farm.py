"""Hosts on loopback addresses: one real sshd in namespaces of its own, so that nothing leaves.

All hosts are one machine seen from many addresses. What is asked of them is put into the
namespaces: 20 sysctls of the network namespace and a sysctl.d folder over the machine's, three
keys drifted live and three in the file.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PORT = 2222
# For every client: OpenSSH's own first choice would cost it 80 ms of CPU for each connection.
_KEX = "curve25519-sha256,curve25519-sha256@libssh.org"
PERSISTED = Path("/etc/sysctl.d/60-bench.conf")

WANTED = {
    "net.ipv4.ip_local_port_range": "10240 60999",
    "net.ipv4.tcp_ecn": "2",
    "net.ipv4.tcp_fin_timeout": "40",
    "net.ipv4.tcp_keepalive_intvl": "30",
    "net.ipv4.tcp_keepalive_probes": "5",
    "net.ipv4.tcp_keepalive_time": "600",
    "net.ipv4.tcp_max_syn_backlog": "4096",
    "net.ipv4.tcp_mtu_probing": "1",
    "net.ipv4.tcp_notsent_lowat": "131072",
    "net.ipv4.tcp_retries2": "12",
    "net.ipv4.tcp_rmem": "4096 131072 6291456",
    "net.ipv4.tcp_sack": "1",
    "net.ipv4.tcp_slow_start_after_idle": "0",
    "net.ipv4.tcp_syn_retries": "5",
    "net.ipv4.tcp_synack_retries": "4",
    "net.ipv4.tcp_syncookies": "1",
    "net.ipv4.tcp_timestamps": "1",
    "net.ipv4.tcp_tw_reuse": "2",
    "net.ipv4.tcp_window_scaling": "1",
    "net.ipv4.tcp_wmem": "4096 16384 4194304",
}
DRIFTED_LIVE = {
    "net.ipv4.tcp_keepalive_time": "7200",
    "net.ipv4.tcp_retries2": "15",
    "net.ipv4.tcp_slow_start_after_idle": "1",
}
DRIFTED_IN_FILE = {
    "net.ipv4.tcp_keepalive_intvl": "75",
    "net.ipv4.tcp_max_syn_backlog": "2048",
    "net.ipv4.tcp_mtu_probing": "0",
}
DRIFTED = frozenset(DRIFTED_LIVE) | frozenset(DRIFTED_IN_FILE)


@dataclass(frozen=True, slots=True)
class Farm:
    """Where the files are that clients need."""

    folder: Path

    @property
    def key(self) -> Path:
        """The clients' private key."""
        return self.folder / "client"

    @property
    def host_key(self) -> Path:
        """The public key of sshd."""
        return self.folder / "host.pub"

    @property
    def ssh_config(self) -> Path:
        """What every client is told of the connection."""
        return self.folder / "ssh_config"

    def inventory(self, hosts: int) -> Path:
        """Return an Ansible inventory of so many hosts."""
        path = self.folder / f"inventory-{hosts}.yml"
        lines = (
            f"    {name(number)}: {{ansible_host: {address(number)}}}\n" for number in range(hosts)
        )
        path.write_text("all:\n  hosts:\n" + "".join(lines))
        return path


def name(number: int) -> str:
    """Return the name of a host."""
    return f"host{number:05}"


def address(number: int) -> str:
    """Return the loopback address of a host."""
    return f"127.1.{number // 250}.{number % 250 + 1}"


def enter_namespaces() -> None:
    """Start this program again in its own network and mount namespace, unless it is there.

    Raises:
        SystemExit: not root.
    """
    here = str(Path("/proc/self/ns/net").readlink())
    if os.environ.setdefault("BENCH_CAME_FROM", here) != here:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        _arrange_settings()
        return
    if os.geteuid() != 0:
        sys.exit(
            "bench: sshd needs root, in namespaces of its own; lanes without: startup, judge, probe"
        )
    inside = ["unshare", "--net", "--mount", "--", sys.executable, *sys.orig_argv[1:]]
    os.execvp("unshare", inside)  # noqa: S606 - no shell is wanted


def _arrange_settings() -> None:
    """Give the namespaces the sysctls and the sysctl.d folder that hosts shall show."""
    for key, value in {**WANTED, **DRIFTED_LIVE}.items():
        Path("/proc/sys", *key.split(".")).write_text(value)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", PERSISTED.parent], check=True)
    kept = {**WANTED, **DRIFTED_IN_FILE}
    PERSISTED.write_text("".join(f"{key} = {value}\n" for key, value in kept.items()))
    # sshd insists on a folder there; this /run is ours alone.
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    Path("/run/sshd").mkdir(mode=0o755)


@contextmanager
def files() -> Iterator[Farm]:
    """Yield a folder with keys, known_hosts and ssh_config, and remove it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="tuner-bench-"))
    farm = Farm(folder)
    try:
        for part in ("host", "client"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", part, "-f", folder / part],
                check=True,
            )
        host_key = " ".join(farm.host_key.read_text().split()[:2])
        (folder / "known_hosts").write_text(f"[127.*]:{PORT} {host_key}\n")
        farm.ssh_config.write_text(
            f"Host *\n  User root\n  Port {PORT}\n  IdentityFile {farm.key}\n"
            f"  IdentitiesOnly yes\n  UserKnownHostsFile {folder}/known_hosts\n"
            "  GlobalKnownHostsFile /dev/null\n  StrictHostKeyChecking yes\n"
            "  UpdateHostKeys no\n"
        )
        yield farm
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def real_sshd(farm: Farm) -> Iterator[None]:
    """Run sshd for all addresses of the namespace.

    The login shell gets an empty home: what root's own ~/.bashrc does is not to be measured.
    """
    home = farm.folder / "home"
    home.mkdir(exist_ok=True)
    allowed = farm.folder / "authorized_keys"
    allowed.write_text(f'from="127.0.0.0/8" {farm.key.with_suffix(".pub").read_text()}')
    config = farm.folder / "sshd_config"
    config.write_text(
        f"Port {PORT}\nListenAddress 0.0.0.0\nHostKey {farm.folder}/host\nPidFile none\n"
        f"AuthorizedKeysFile {allowed}\nStrictModes no\nPermitRootLogin prohibit-password\n"
        "PasswordAuthentication no\nKbdInteractiveAuthentication no\nUsePAM no\nUseDNS no\n"
        "MaxStartups 2000\nPrintMotd no\nPrintLastLog no\nLogLevel FATAL\n"
        f"KexAlgorithms {_KEX}\nSetEnv HOME={home}\nSubsystem sftp internal-sftp\n"
    )
    sshd = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if sshd is None:
        sys.exit("bench: there is no sshd; on Debian or Ubuntu: apt-get install openssh-server")
    with _server([sshd, "-D", "-e", "-f", str(config)]):
        yield


@contextmanager
def stand_in(farm: Farm, python: Path, answer: Path, hosts: int, delay: float) -> Iterator[None]:
    """Run servers that speak real SSH, give every address its own key, and send one answer.

    Writes the known_hosts of so many hosts, hashed, one line for each.
    """
    (farm.folder / "known_hosts").write_text(hashed_known_hosts(hosts))
    program = Path(__file__).with_name("stand_in.py")
    command = [str(python), str(program), str(farm.folder), str(answer), str(delay)]
    with _server(command), _server(command):
        yield


def host_key_of(host: str) -> Ed25519PrivateKey:
    """Return the private key that belongs to an address of the stand-in."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(host.encode()).digest())


def hashed_known_hosts(hosts: int) -> str:
    """Return a known_hosts file as OpenSSH hashes it, one line and one key for each host."""
    lines = []
    for number in range(hosts):
        host = address(number)
        salt = hashlib.sha1(host.encode(), usedforsecurity=False).digest()
        digest = hmac.digest(salt, f"[{host}]:{PORT}".encode(), "sha1")
        words = (base64.b64encode(part).decode() for part in (salt, digest, blob_of(host)))
        lines.append("|1|{}|{} ssh-ed25519 {}\n".format(*words))
    return "".join(lines)


def blob_of(host: str) -> bytes:
    """Return the public key of an address of the stand-in, as it goes over the wire."""
    public = host_key_of(host).public_key().public_bytes_raw()
    return struct.pack(">I11sI", 11, b"ssh-ed25519", len(public)) + public


@contextmanager
def _server(command: list[str]) -> Iterator[None]:
    server = subprocess.Popen(command)
    try:
        _wait_for(server)
        yield
    finally:
        server.terminate()
        server.wait(10)


def _wait_for(server: subprocess.Popen[bytes]) -> None:
    """Wait until something listens.

    Raises:
        SystemExit: the server ended, or a minute passed.
    """
    for _ in range(600):
        if server.poll() is not None:
            break
        with socket.socket() as door:
            if door.connect_ex((address(0), PORT)) == 0:
                return
        time.sleep(0.1)
    sys.exit("bench: the SSH server did not start; its own words are above")
