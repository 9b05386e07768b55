"""Login shells that are not sh, and sudo with and without a password."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from tuner.errors import AnswerError, AuthError, BecomeError, TimedOut
from tuner.inventory.host import Become, Host, Way
from tuner.remote.become import Command, make_command, refusal
from tuner.remote.session import Session

pytestmark = pytest.mark.root

SHELLS = ["sh", "bash", "fish", "tcsh", "csh", "zsh", "ksh", "busybox"]


@pytest.mark.parametrize("shell", ["fish", "tcsh", "bash"])
def test_the_login_shell_may_be_another(client: Any, net: Any, shell: str) -> None:
    path = shutil.which(shell)
    assert path, f"{shell} is not installed"
    # a login shell runs the command as SHELL -c COMMAND, which ForceCommand does alike
    server = net.sshd(f'ForceCommand {path} -c "$SSH_ORIGINAL_COMMAND"', allow=(client.key,))
    client.trust(server)
    assert (
        client.run(client.host(server), "echo $0; echo \"$((1+1))\" '!x' \\$HOME")
        == b"sh\n2 !x $HOME\n"
    )


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_reads_the_gate_alike(shell: str, tmp_path: Path) -> None:
    """The command with sudo's place taken by a program that shows its arguments."""
    path = shutil.which(shell)
    if path is None:
        pytest.skip(f"{shell} is not installed")
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    (bin_ / "sudo").write_text('#!/bin/sh\nfor a; do printf "%s\\n" "$a"; done\n')
    (bin_ / "sudo").chmod(0o755)
    become = Become("web user", SecretStr("x"), flags=("-H", "-S", "-n", "-r", "a b"))
    command = make_command(become, "me")
    start = [path, "sh", "-c"] if shell == "busybox" else [path, "-c"]
    out = subprocess.run(
        [*start, command.text],
        env={"PATH": f"{bin_}:/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert out[:6] == ["-H", "-r", "a b", "-u", "web user", "-S"]
    assert out[6:10] == ["-p", command.prompt.decode(), "sh", "-c"]
    ready, go = command.ready.decode().strip(), command.go.decode().strip()
    assert out[10:] == [
        f'echo {ready}; while IFS= read -r l; do [ "$l" = {go} ] && exec sh -s; done; exit 1'
    ]


@pytest.mark.parametrize("name", ["it's", "back\\slash", "new\nline", "bang!", ""])
def test_names_that_no_quoting_saves_are_refused(name: str) -> None:
    with pytest.raises(BecomeError):
        make_command(Become(name), "me")


def test_nothing_is_done_to_become_the_same_user() -> None:
    assert make_command(Become("root"), "root") == make_command(None, "me")


@pytest.mark.parametrize(
    ("said", "message", "hint"),
    [
        ("sudo: a password is required", "needs a password to become root", "--ask-become-pass"),
        ("sudo: sorry, you must have a tty to run sudo", "wants a terminal", "requiretty"),
        ("bob is not in the sudoers file.", "not in sudoers", "sudoers"),
        (
            "Sorry, user bob is not allowed to execute '/usr/bin/sh -s' as root on web1.",
            "does not let the login user run sh as root",
            "sudoers",
        ),
        ("sudo: unknown user nosuch", "knows no user root", ""),
        ("sh: 1: exec: sudo: not found", "there is no sudo", "ansible_become"),
        ("env: 'sudo': No such file or directory", "there is no sudo", "ansible_become"),
        ("sudo: \x1b[2Jodd thing", "sudo refused: [2Jodd thing", ""),
    ],
)
def test_each_refusal_has_its_sentence(said: str, message: str, hint: str) -> None:
    error = refusal(Command("", user="root", login="bob"), said.encode(), where="web1")
    assert error is not None
    assert message in str(error)
    assert hint in error.hint
    assert "\x1b" not in str(error)


def test_a_script_s_own_failure_is_no_refusal() -> None:
    assert refusal(Command("", user="root"), b"sh: 3: foo: oops", where="web1") is None


@dataclass
class Sudo:
    """A mount namespace with users and sudoers of its own, and an sshd in it."""

    server: Any
    client: Any

    def host(self, user: str, password: str | None = None, become: str = "root") -> Host:
        secret = SecretStr(password) if password is not None else None
        host: Host = self.client.host(self.server, user=user, become=Become(become, secret))
        return host


SUDOERS = """\
Defaults !fqdn
Defaults passprompt_override
Defaults:ttyuser requiretty
root ALL=(ALL:ALL) ALL
free ALL=(ALL:ALL) NOPASSWD: ALL
asked ALL=(ALL:ALL) ALL
ttyuser ALL=(ALL:ALL) NOPASSWD: ALL
narrow ALL=(root) NOPASSWD: /bin/true
"""
USERS = {"free": 6001, "asked": 6002, "ttyuser": 6003, "narrow": 6004, "nobodys": 6005}


@pytest.fixture(scope="module")
def sudo_etc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An /etc with users who have a password, for one mount namespace only."""
    etc = tmp_path_factory.mktemp("sudo") / "etc"
    shutil.copytree("/etc", etc, symlinks=True, ignore_dangling_symlinks=True)
    etc.chmod(0o755)
    crypted = subprocess.run(
        ["openssl", "passwd", "-6", "s3cret pass"], capture_output=True, text=True, check=True
    ).stdout.strip()
    with (etc / "passwd").open("a") as passwd, (etc / "shadow").open("a") as shadow:
        for name, number in USERS.items():
            shell = "/usr/bin/fish" if name == "asked" else "/bin/sh"
            passwd.write(f"{name}:x:{number}:65534::/tmp:{shell}\n")
            shadow.write(f"{name}:{crypted}:19000:0:99999:7:::\n")
    (etc / "sudoers").chmod(0o640)
    (etc / "sudoers").write_text(SUDOERS)
    (etc / "sudoers").chmod(0o440)
    (etc / "pam.d" / "sudo").write_text("auth required pam_unix.so\naccount required pam_unix.so\n")
    return etc


@pytest.fixture(scope="module")
def sudo_server(net: Any, sudo_etc: Path, user_key: Path) -> Any:
    return net.sshd(allow=(user_key,), etc=sudo_etc)


@pytest.fixture
def sudo(sudo_server: Any, client: Any) -> Sudo:
    client.trust(sudo_server)
    return Sudo(sudo_server, client)


@pytest.fixture(scope="module")
def taking(net: Any, sudo_etc: Path, user_key: Path) -> Any:
    """A server that takes passwords too."""
    return net.sshd("PasswordAuthentication yes", allow=(user_key,), etc=sudo_etc)


class TestPassword:
    """That of the login itself."""

    def test_the_right_one(self, client: Any, taking: Any) -> None:
        client.trust(taking)
        secret = SecretStr("s3cret pass")
        host = client.host(taking, user="free", password=secret, private_key_file="")
        assert client.run(host, "id -un") == b"free\n"

    def test_a_wrong_one_is_the_password_s_fault_not_a_key_s(
        self, client: Any, taking: Any, tmp_path: Path, keygen: Callable[..., Path]
    ) -> None:
        client.trust(taking)
        host = client.host(taking, user="free", password=SecretStr("wr0ng"), private_key_file="")
        with pytest.raises(AuthError, match="accepted none of: the password") as caught:
            client.run(host)
        assert caught.value.hint == "is the password right?"
        other = keygen(tmp_path / "id_other")
        with pytest.raises(AuthError, match=f"accepted none of: {other}, the password") as caught:
            client.run(replace(host, private_key_file=str(other)))
        assert caught.value.hint == (
            "is the key in free's authorized_keys there and the password right?"
        )

    def test_one_that_nobody_asks_for(self, client: Any, sudo_server: Any) -> None:
        client.trust(sudo_server)
        host = client.host(sudo_server, password=SecretStr("wr0ng"), private_key_file="")
        with pytest.raises(AuthError, match="it accepts only publickey") as caught:
            client.run(host)
        assert caught.value.hint == "set ansible_ssh_private_key_file"


class TestSudo:
    SCRIPT = 'id -un; echo "$SUDO_USER"\necho the end\n'

    def test_without_a_password(self, sudo: Sudo) -> None:
        assert sudo.client.run(sudo.host("free"), self.SCRIPT) == (b"root\nfree\nthe end\n")

    def test_another_user(self, sudo: Sudo) -> None:
        assert sudo.client.run(sudo.host("free", become="narrow"), "id -un") == b"narrow\n"

    def test_with_a_password_and_fish(self, sudo: Sudo) -> None:
        host = sudo.host("asked", "s3cret pass")
        assert sudo.client.run(host, self.SCRIPT) == b"root\nasked\nthe end\n"

    def test_a_password_that_is_not_asked_for_is_not_sent(self, sudo: Sudo) -> None:
        host = sudo.host("free", "echo LEAKED")
        with Session() as session, session.connect(host) as way:
            done = way.run("id -un", timeout=10, limit=999)
        assert (done.stdout, done.stderr, done.status) == (b"root\n", b"", 0)

    def test_a_wrong_password(self, sudo: Sudo) -> None:
        with pytest.raises(BecomeError, match="refused the password for root") as caught:
            sudo.client.run(sudo.host("asked", "wr0ng"))
        assert "wr0ng" not in str(caught.value) + caught.value.hint

    def test_a_password_is_needed_and_none_was_given(self, sudo: Sudo) -> None:
        with pytest.raises(BecomeError, match="needs a password") as caught:
            sudo.client.run(sudo.host("asked"))
        assert "--ask-become-pass" in caught.value.hint

    @pytest.mark.parametrize("password", ["s3cret pass", "wr0ng"])
    def test_one_that_hangs_is_named(self, sudo: Sudo, sudo_etc: Path, password: str) -> None:
        pam = sudo_etc / "pam.d" / "sudo"
        before = pam.read_text()
        pam.write_text(f"auth required pam_exec.so quiet /bin/sleep 3\n{before}")
        try:
            with pytest.raises(TimedOut, match=r"sudo had not let us become root after 0\.7 s"):
                sudo.client.run(sudo.host("asked", password), timeout=0.7)
        finally:
            pam.write_text(before)

    def test_requiretty(self, sudo: Sudo) -> None:
        with pytest.raises(BecomeError, match="wants a terminal") as caught:
            sudo.client.run(sudo.host("ttyuser"))
        assert "'Defaults:ttyuser !requiretty'" in caught.value.hint

    @pytest.mark.parametrize("password", [None, "s3cret pass"])
    def test_not_in_sudoers(self, sudo: Sudo, password: str | None) -> None:
        words = "needs a password" if password is None else "not in sudoers"
        with pytest.raises(BecomeError, match=words):
            sudo.client.run(sudo.host("nobodys", password))

    def test_not_allowed(self, sudo: Sudo) -> None:
        with pytest.raises(BecomeError, match=r"does not let|needs a password"):
            sudo.client.run(sudo.host("narrow"))

    def test_no_such_user(self, sudo: Sudo) -> None:
        with pytest.raises(BecomeError, match="knows no user nosuch"):
            sudo.client.run(sudo.host("free", become="nosuch"))


class TestLocal:
    def test_it_runs(self) -> None:
        with Session() as session, session.connect(Host("me", way=Way.LOCAL)) as way:
            done = way.run("echo out; echo err >&2; exit 3", timeout=5, limit=99)
        assert (done.status, done.stdout, done.stderr) == (3, b"out\n", b"err\n")

    def test_too_slow_and_nothing_is_left(self) -> None:
        with (
            Session() as session,
            session.connect(Host("me", way=Way.LOCAL)) as way,
            pytest.raises(TimedOut, match=r"me .local.: the answer was not complete"),
        ):
            way.run("sleep 2718281 & sleep 2718281", timeout=0.3, limit=99)
        left = subprocess.run(["pgrep", "-f", "^sleep 2718281"], capture_output=True, check=False)
        assert left.stdout == b""

    def test_too_much(self) -> None:
        with (
            Session() as session,
            session.connect(Host("me", way=Way.LOCAL)) as way,
            pytest.raises(AnswerError, match="larger than 5000 bytes"),
        ):
            way.run("cat /dev/zero", timeout=5, limit=5000)

    def test_a_large_script_and_a_shell_that_stops_reading(self) -> None:
        with Session() as session, session.connect(Host("me", way=Way.LOCAL)) as way:
            done = way.run("echo a; exit 0\n" + "# x\n" * 200_000, timeout=5, limit=99)
        assert done.stdout == b"a\n"

    def test_sudo_as_another_user(self) -> None:
        host = Host("me", way=Way.LOCAL, become=Become("nobody"))
        with Session() as session, session.connect(host) as way:
            assert way.run("id -un", timeout=5, limit=99).stdout == b"nobody\n"
