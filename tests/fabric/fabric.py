"""Real test hosts as namespaces: each has its own sshd, net.* values, /etc, processes and name.

Nothing is made in the machine's own namespaces, vm.*, fs.* and kernel.* are read-only in every host
and its root has not the capability to change that, and everything dies with the test run.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import yaml

_ROOM = Path(__file__).with_name("room.py")
_SSHD = """\
Port 22
HostKey /etc/ssh/fabric_host_key
AuthorizedKeysFile /etc/ssh/fabric_authorized_keys
StrictModes no
UsePAM no
UseDNS no
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
PrintMotd no
PidFile none
Subsystem sftp internal-sftp
"""


@dataclass(frozen=True)
class User:
    """An account of a host; root is changed, others are made."""

    name: str
    password: str = ""
    shell: str = "/bin/bash"


@dataclass(frozen=True)
class TimeWait:
    """Connections of a host to its own first listener, closed so that TIME_WAIT is left."""

    number: int
    server_closes: bool = True


@dataclass
class NamespaceHost:
    """A running host, or an address that behaves badly."""

    name: str
    address: str
    port: int = 22
    pid: int = 0  # its first process, seen from outside
    outer: int = 0
    user: str = "root"
    variables: dict[str, Any] = field(default_factory=dict)  # for the inventory

    def run(self, arguments: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a command inside the host without ssh, as a root that may do everything."""
        return subprocess.run(
            ["nsenter", "-t", str(self.pid), "-a", "--", *arguments],
            capture_output=True,
            text=True,
            check=False,
            **options,
        )

    def sysctl(self, key: str) -> str:
        """Return what the host's kernel says of a key."""
        done = self.run(["cat", f"/proc/sys/{key.replace('.', '/')}"])
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


class Fabric:
    """A control namespace and hosts that are reachable from there; a context manager."""

    def __init__(self) -> None:
        self.hosts: dict[str, NamespaceHost] = {}
        self._number = 0
        self._place = tempfile.TemporaryDirectory(prefix="fabric-")
        self.folder = Path(self._place.name)
        self.key = self._make_key("key")
        self.host_key = self._make_key("host_key")
        self.known_hosts = self.folder / "known_hosts"
        self.known_hosts.touch()
        self._room = subprocess.Popen(
            [sys.executable, "-I", "-S", _ROOM, str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = int(self._answer()["pid"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End every host and the control namespace."""
        assert self._room.stdin is not None
        assert self._room.stdout is not None
        self._room.stdin.close()
        self._room.wait(10)
        self._room.stdout.close()
        self._place.cleanup()

    def add(
        self,
        name: str,
        *,
        sysctls: Mapping[str, str | int] | None = None,
        files: Mapping[str, str] | None = None,
        links: Mapping[str, str] | None = None,
        users: Iterable[User] = (),
        user: str = "root",
        sudoers: str = "",
        sshd_config: str = "",
        listeners: Sequence[int] = (),
        backlog: int = 128,
        time_wait: Iterable[TimeWait] = (),
        masks: Mapping[str, str] | None = None,
        crowd: int = 0,
        sshd: bool = True,
        variables: Mapping[str, Any] | None = None,
        wait: bool = True,
        log: bool = False,
    ) -> NamespaceHost:
        """Start a host.

        Args:
            name: its host name, and its name in the inventory.
            sysctls: live values that are written; net.* only.
            files: path and text; the host has no sysctl file that is not among them.
            links: path and what it points to.
            users: accounts; each may log in with ``self.key``.
            user: who logs in, for the inventory.
            sudoers: text of a file in /etc/sudoers.d.
            sshd_config: comes before sshd's usual settings.
            listeners: TCP ports that a program of the host listens on.
            backlog: what that program asks listen() for.
            time_wait: needs a listener.
            masks: a path of the host, and "empty", "closed" or "readonly".
            crowd: connections to sshd that are held and never log in.
            sshd: False: nothing listens on port 22.
            variables: more of the inventory.
            wait: False returns before sshd answers; ``wait_for_all`` waits then.
            log: sshd writes /run/sshd.log, which tests that compare files do not want.
        """
        address = self._address()
        # Of most settings sshd takes the first, of this one the last.
        startups = "" if "MaxStartups" in sshd_config else "MaxStartups 100\n"
        etc = {
            "/etc/hosts": f"127.0.0.1 localhost\n{address} {name}\n",
            "/etc/ssh/fabric_config": sshd_config + _SSHD + startups,
            "/etc/ssh/fabric_host_key": self.host_key.read_text(),
            "/etc/ssh/fabric_authorized_keys": self.key.with_suffix(".pub").read_text(),
        }
        if sudoers:
            etc["/etc/sudoers.d/fabric"] = sudoers
        made = self._ask(
            do="add",
            name=name,
            number=self._number,
            address=address,
            sysctls={key: str(value) for key, value in (sysctls or {}).items()},
            files=etc | dict(files or {}),
            links=dict(links or {}),
            users=[vars(account) for account in users],
            listeners=list(listeners),
            backlog=backlog,
            time_wait=[(some.number, some.server_closes) for some in time_wait],
            masks=dict(masks or {}),
            crowd=crowd,
            sshd=sshd,
            log=log,
        )
        host = NamespaceHost(name, address, pid=made["pid"], outer=made["outer"], user=user)
        host.variables.update(variables or {})
        self._know(host)
        if sshd and wait:
            self.wait_for_all([host])
        return host

    def add_fake(self, name: str, behaviour: str) -> NamespaceHost:
        """Make an address where something else than sshd answers.

        ``behaviour``: refuses, blackhole, silent, garbage banner, silent after banner,
        closes after banner, closes at once, resets.
        """
        address = self._address()
        self._ask(do="fake", address=address, behaviour=behaviour)
        host = NamespaceHost(name, address)
        self._know(host)
        return host

    def stop(self, host: NamespaceHost) -> None:
        """End one host."""
        self._ask(do="stop", outer=host.outer)
        del self.hosts[host.name]

    def run(
        self, arguments: Sequence[str | Path], **options: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the control namespace."""
        options = {"capture_output": True, "text": True} | options
        done: subprocess.CompletedProcess[str] = subprocess.run(
            self.command(arguments), check=False, **options
        )
        return done

    def command(self, arguments: Sequence[str | Path]) -> list[str]:
        """Return the command line that runs a command in the control namespace."""
        return ["nsenter", "-t", str(self.pid), "-n", "--", *map(str, arguments)]

    def ssh(
        self, host: NamespaceHost, *command: str, user: str = "", **options: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on a host with the real ssh(1)."""
        flags: list[str | Path] = [
            *("-F", "none", "-i", self.key, "-p", str(host.port), "-o", "BatchMode=yes"),
            *("-o", f"UserKnownHostsFile={self.known_hosts}", "-o", "ConnectTimeout=5"),
            *("-o", "StrictHostKeyChecking=yes", "-o", "KexAlgorithms=curve25519-sha256"),
            *("-o", "ControlMaster=no", "-o", "ControlPath=none"),
        ]
        if "input" not in options:
            options["stdin"] = subprocess.DEVNULL
        return self.run(["ssh", *flags, f"{user or host.user}@{host.address}", *command], **options)

    def wait_for_all(self, hosts: Iterable[NamespaceHost] | None = None, limit: float = 10) -> None:
        """Wait until the sshd of every host listens.

        Raises:
            TimeoutError: one did not.
        """
        end = time.monotonic() + limit
        for host in list(self.hosts.values()) if hosts is None else hosts:
            if not host.pid:
                continue
            listening = ":0016 00000000:0000 0A"
            sockets = Path(f"/proc/{host.pid}/net/tcp")
            while listening not in sockets.read_text():
                if time.monotonic() > end:
                    raise TimeoutError(f"sshd of {host.name} does not listen")
                time.sleep(0.005)

    def inventory(
        self,
        path: Path,
        hosts: Iterable[NamespaceHost] | None = None,
        *,
        variables: Mapping[str, Any] | None = None,
    ) -> Path:
        """Write an Ansible inventory of some hosts, or of all, and return its path."""
        rows = {
            host.name: {
                "ansible_host": host.address,
                "ansible_port": host.port,
                "ansible_user": host.user,
                **host.variables,
            }
            for host in (self.hosts.values() if hosts is None else hosts)
        }
        common = {
            "ansible_ssh_private_key_file": str(self.key),
            "ansible_ssh_common_args": f"-o UserKnownHostsFile={self.known_hosts}",
            **(variables or {}),
        }
        path.write_text(yaml.safe_dump({"all": {"vars": common, "hosts": rows}}))
        return path

    def _address(self) -> str:
        self._number += 1
        return f"10.77.{1 + self._number // 250}.{1 + self._number % 250}"

    def _know(self, host: NamespaceHost) -> None:
        assert host.name not in self.hosts, f"two hosts are called {host.name}"
        self.hosts[host.name] = host
        key = " ".join(self.host_key.with_suffix(".pub").read_text().split()[:2])
        with self.known_hosts.open("a") as file:
            file.write(f"{host.address} {key}\n")

    def _make_key(self, name: str) -> Path:
        path = self.folder / name
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "fabric", "-f", path],
            check=True,
            stdin=subprocess.DEVNULL,
        )
        return path

    def _ask(self, **request: Any) -> dict[str, Any]:
        assert self._room.stdin is not None
        self._room.stdin.write(json.dumps(request) + "\n")
        self._room.stdin.flush()
        answer = self._answer()
        if "error" in answer:
            raise OSError(answer["error"])
        return answer

    def _answer(self) -> dict[str, Any]:
        assert self._room.stdout is not None
        line = self._room.stdout.readline()
        assert line, "the fabric's process has ended"
        answer: dict[str, Any] = json.loads(line)
        return answer


def available() -> str:
    """Return why there can be no fabric here, empty where there can."""
    if os.geteuid() != 0:
        return "not root"
    for program in ("/usr/sbin/sshd", "/usr/bin/nsenter"):
        if not Path(program).exists():
            return f"no {program}"
    try:
        with Fabric() as fabric:
            fabric.add(f"{socket.gethostname()[:20]}-probe", sshd=False)
    except (OSError, AssertionError) as error:
        return str(error)
    return ""
