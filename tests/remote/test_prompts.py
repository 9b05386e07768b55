"""What happens at a terminal before and while hosts are asked: a real tuner on a pseudo-terminal, against a real sshd."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.root

_ROOT = Path(__file__).parents[2]


class Terminal:
    """A tuner that runs at a terminal, which a test reads and types at."""

    def __init__(self, *words: str) -> None:
        self.shown = ""
        self.code: int | None = None
        self._near, far = pty.openpty()
        environment = os.environ | {"TERM": "xterm", "PYTHONPATH": str(_ROOT)}
        code = (
            "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
            "os.execv(sys.executable, [sys.executable, '-m', 'tuner', *sys.argv[1:]])"
        )
        self.pid = os.posix_spawn(
            sys.executable,
            [sys.executable, "-c", code, *words],
            environment,
            file_actions=[(os.POSIX_SPAWN_DUP2, far, number) for number in range(3)],
            setsid=True,
            setsigdef=[signal.SIGINT],  # ignored where the tests run in the background of a script
        )
        self._far = far  # kept open, to see the terminal's modes after tuner has ended

    def wait_for(self, text: str, seconds: float = 20.0) -> None:
        """Read until the text is on the terminal."""
        end = time.monotonic() + seconds
        while text not in self.shown:
            if not self._read() and time.monotonic() > end:
                pytest.fail(f"{text!r} is not in {self.shown!r}")

    def type(self, text: str) -> None:
        """Type, once nothing is echoed any more."""
        end = time.monotonic() + 5.0
        while self.echoes and time.monotonic() < end:
            time.sleep(0.01)
        os.write(self._near, text.encode())

    @property
    def echoes(self) -> bool:
        return bool(termios.tcgetattr(self._far)[3] & termios.ECHO)

    def end(self, seconds: float = 20.0) -> int:
        """Wait until tuner has ended; return its exit code."""
        end = time.monotonic() + seconds
        while self.code is None:
            self._read()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > end:
                pytest.fail(f"does not end; it said {self.shown!r}")
        while self._read():
            pass
        return self.code

    def close(self) -> None:
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._near)
        os.close(self._far)

    def _read(self) -> bool:
        if not select.select([self._near], [], [], 0.05)[0]:
            return False
        self.shown += os.read(self._near, 65536).decode(errors="replace")
        return True


@pytest.fixture
def tuner() -> Iterator[Callable[..., Terminal]]:
    started: list[Terminal] = []

    def start(*words: str | Path) -> Terminal:
        started.append(Terminal(*map(str, words)))
        return started[-1]

    yield start
    for terminal in started:
        terminal.close()


@pytest.fixture
def inventory(tmp_path: Path, client: Any) -> Callable[..., Path]:
    """Writes an inventory of hosts, each with its server and its key."""

    def write(**hosts: tuple[Any, Path]) -> Path:
        lines = ["all:\n  vars: {ansible_user: root}\n  hosts:\n"]
        for name, (server, key) in hosts.items():
            lines.append(
                f"    {name}: {{ansible_host: {server.address}, ansible_port: {server.port}, "
                f"ansible_ssh_private_key_file: {key}}}\n"
            )
        path = tmp_path / "inventory.yml"
        path.write_text("".join(lines))
        return path

    return write


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


@pytest.mark.parametrize(("flag", "word"), [("-K", "--ask-become-pass"), ("-k", "--ask-pass")])
def test_ctrl_d_is_no_password(
    client: Any, server: Any, tuner: Any, inventory: Any, flag: str, word: str
) -> None:
    terminal = tuner("audit", inventory(web1=(server, client.key)), flag)
    terminal.wait_for("password: ")
    terminal.type("\x04")
    assert terminal.end() == 2
    assert f"tuner: {word}: no password was given" in terminal.shown.splitlines()
    assert "Traceback" not in terminal.shown


def test_ssh_s_password_is_asked_for_first(
    client: Any, server: Any, tuner: Any, inventory: Any
) -> None:
    client.trust(server)
    terminal = tuner("audit", inventory(web1=(server, client.key)), "-k", "-K", "--fail-on=never")
    terminal.wait_for("password: ")
    terminal.type("one\r")
    terminal.wait_for("BECOME password: ")
    assert terminal.shown.startswith("SSH password: ")
    terminal.type("two\r")
    assert terminal.end() == 0


@pytest.mark.parametrize("missing", ["nosuch", "."])
def test_a_wrong_ssh_configuration_is_told_before_anything_is_asked(
    client: Any, server: Any, tuner: Any, inventory: Any, tmp_path: Path, missing: str
) -> None:
    path = tmp_path / missing
    terminal = tuner("audit", inventory(web1=(server, client.key)), "-K", "-F", path)
    assert terminal.end() == 2
    shown = plain(terminal.shown).splitlines()
    assert shown[0].startswith(f"tuner: cannot read the ssh configuration {path}: ")
    assert shown[1] == "  check --ssh-config (-F)"


class TestPassphrase:
    @pytest.fixture
    def locked(self, tmp_path: Path, keygen: Callable[..., Path]) -> Path:
        return keygen(tmp_path / "id_locked", "ed25519", "open sesame")

    @pytest.fixture
    def asked(
        self, client: Any, net: Any, tuner: Any, inventory: Any, locked: Path
    ) -> tuple[Terminal, Any]:
        """A run that waits for the passphrase of one of its two hosts, and that host's server."""
        patient, hurried = (
            net.sshd(allow=(client.key,)),
            net.sshd("LoginGraceTime 1", allow=(locked,)),
        )
        client.trust(patient, hurried)
        hosts = inventory(db1=(hurried, locked), web1=(patient, client.key))
        terminal = tuner("audit", hosts, "--fail-on=never", "-v")
        terminal.wait_for(f"passphrase for {locked}: ")
        return terminal, hurried

    def test_it_stands_alone_and_no_connection_waits_for_it(self, asked: Any) -> None:
        terminal, server = asked
        time.sleep(1.5)  # longer than sshd waits for a login; the bar would be drawn 15 times
        assert "asking hosts" not in plain(terminal.shown).rpartition("passphrase for")[2]
        assert "Connection from" not in server.log
        terminal.type("open sesame\r")
        assert terminal.end() == 0
        assert "2 hosts" in plain(terminal.shown)
        assert "Accepted publickey" in server.log
        assert "open sesame" not in terminal.shown

    def test_ctrl_d_is_no_passphrase(self, asked: Any, locked: Path) -> None:
        terminal, _ = asked
        terminal.type("\x04")
        assert terminal.end() == 3
        shown = " ".join(plain(terminal.shown).split())
        assert f"the private key {locked} is encrypted, and its passphrase is not known" in shown
        assert "sshd's log" not in shown

    def test_ctrl_c_gives_the_terminal_back(self, asked: Any) -> None:
        terminal, _ = asked
        terminal.type("\x03")
        assert terminal.end() == 130
        assert terminal.echoes
        assert "Traceback" not in terminal.shown


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("ignores", ["", "trap '' TERM; "], ids=["", "one that ignores it"])
def test_a_proxy_command_does_not_outlive_an_interrupted_run(
    client: Any, tuner: Any, tmp_path: Path, number: signal.Signals, ignores: str
) -> None:
    config, marker = tmp_path / "config", f"27182{tmp_path.name[-1]}{int(number)}"
    config.write_text(f'Host *\n  ProxyCommand sh -c "{ignores}sleep {marker}; :"\n')
    inventory = tmp_path / "inventory.yml"
    inventory.write_text("all: {hosts: {web1: {}, web2: {}, web3: {}}}\n")

    def left() -> int:
        found = subprocess.run(["pgrep", "-f", f"sleep {marker}"], capture_output=True, check=False)
        return len(found.stdout.split())

    terminal = tuner("audit", inventory, "-F", config)
    end = time.monotonic() + 10
    while left() < 6:  # a shell and its child each
        assert time.monotonic() < end
        time.sleep(0.05)
    os.kill(terminal.pid, number)
    assert terminal.end() == 130
    assert left() == 0
    assert "interrupted" in plain(terminal.shown)
