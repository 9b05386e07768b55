"""Keys, certificates, agents and passwords, against a real sshd."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from tuner.errors import AuthError
from tuner.inventory.host import Host
from tuner.remote.session import Session, Settings

pytestmark = pytest.mark.root


def test_a_key_of_the_inventory(client: Any, server: Any) -> None:
    client.trust(server)
    assert client.run(client.host(server), "echo from $0; id -u") == b"from sh\n0\n"


@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
def test_other_kinds_of_key(
    client: Any, net: Any, tmp_path: Path, keygen: Callable[..., Path], kind: str
) -> None:
    key = keygen(tmp_path / f"id_{kind}", kind)
    server = net.sshd(allow=(key,))
    client.trust(server)
    assert client.run(client.host(server, private_key_file=str(key))) == b"hello\n"
    assert f"{kind.upper()} SHA256" in server.log


def test_a_default_identity_needs_no_setting(client: Any, server: Any) -> None:
    client.trust(server)
    (client.home / ".ssh" / "id_ed25519").write_bytes(client.key.read_bytes())
    assert client.run(client.host(server, private_key_file="")) == b"hello\n"


def test_what_sshd_says_of_a_key_with_options_is_not_read_letter_by_letter(
    client: Any, net: Any, user_key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = net.sshd(allow=(user_key,))
    server.authorized.write_text(f'from="127.0.0.0/8",no-pty {server.authorized.read_text()}')
    client.trust(server)
    read: list[bytes] = []
    monkeypatch.setattr("paramiko.util.safe_string", read.append)
    assert client.run(client.host(server)) == b"hello\n"
    assert not read


class TestEncryptedKey:
    @pytest.fixture
    def key(self, tmp_path: Path, keygen: Callable[..., Path]) -> Path:
        return keygen(tmp_path / "id_locked", "ed25519", "open sesame")

    def test_with_the_passphrase_of_the_inventory(self, client: Any, net: Any, key: Path) -> None:
        server = net.sshd(allow=(key,))
        client.trust(server)
        host = client.host(
            server, private_key_file=str(key), private_key_passphrase=SecretStr("open sesame")
        )
        assert client.run(host) == b"hello\n"

    def test_with_a_passphrase_asked_for_once(self, client: Any, net: Any, key: Path) -> None:
        server = net.sshd(allow=(key,))
        client.trust(server)
        asked: list[str] = []

        def answer(name: str) -> str:
            asked.append(name)
            return "open sesame"

        with Session(Settings(passphrase=answer)) as session:
            for _ in range(2):
                with session.connect(client.host(server, private_key_file=str(key))) as way:
                    assert way.run("echo in", timeout=10, limit=99).stdout == b"in\n"
        assert asked == [str(key)]

    def test_hosts_with_other_keys_do_not_wait_for_it(
        self, client: Any, net: Any, server: Any, key: Path
    ) -> None:
        locked = net.sshd(allow=(key,))
        client.trust(server, locked)
        asked, answered = threading.Event(), threading.Event()

        def answer(_: str) -> str:
            asked.set()
            answered.wait(10)
            return "open sesame"

        said: list[bytes] = []
        with Session(Settings(passphrase=answer)) as session:

            def ask(host: Host) -> None:
                with session.connect(host) as way:
                    said.append(way.run(f"echo {host.name}", timeout=10, limit=99).stdout)

            first = client.host(locked, name="locked", private_key_file=str(key))
            second = client.host(server, name="plain")
            threads = [threading.Thread(target=ask, args=(host,)) for host in (first, second)]
            threads[0].start()
            assert asked.wait(5)
            threads[1].start()
            threads[1].join(5)
            assert said == [b"plain\n"]
            assert "Connection from" not in locked.log
            answered.set()
            threads[0].join(10)
        assert said == [b"plain\n", b"locked\n"]

    def test_without_one_says_so(self, client: Any, server: Any, key: Path) -> None:
        client.trust(server)
        with pytest.raises(AuthError, match="is encrypted") as caught:
            client.run(client.host(server, private_key_file=str(key)))
        assert f"ssh-add {key}" in caught.value.hint

    def test_a_wrong_one_is_not_shown(self, client: Any, server: Any, key: Path) -> None:
        client.trust(server)
        host = client.host(
            server, private_key_file=str(key), private_key_passphrase=SecretStr("hunter2")
        )
        with pytest.raises(AuthError, match=r"passphrase .* is wrong") as caught:
            client.run(host)
        assert "hunter2" not in str(caught.value) + caught.value.hint

    def test_an_agent_that_holds_it_opens_it(
        self, client: Any, net: Any, key: Path, agent: Path, tmp_path: Path
    ) -> None:
        server = net.sshd(allow=(key,))
        client.trust(server)
        askpass = tmp_path / "askpass"
        askpass.write_text("#!/bin/sh\necho open sesame\n")
        askpass.chmod(0o755)
        subprocess.run(
            ["ssh-add", "-q", key],
            env={
                "SSH_AUTH_SOCK": str(agent),
                "SSH_ASKPASS": str(askpass),
                "SSH_ASKPASS_REQUIRE": "force",
                "PATH": "/usr/bin:/bin",
            },
            check=True,
        )
        assert client.run(client.host(server, private_key_file=str(key))) == b"hello\n"


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_an_agent(
    client: Any, net: Any, tmp_path: Path, keygen: Callable[..., Path], agent: Path, kind: str
) -> None:
    key = keygen(tmp_path / "id_agent", kind)
    server = net.sshd(allow=(key,))
    client.trust(server)
    subprocess.run(["ssh-add", "-q", key], check=True, capture_output=True)
    key.unlink()
    Path(f"{key}.pub").unlink()
    assert client.run(client.host(server, private_key_file="")) == b"hello\n"


def test_identities_only_keeps_the_agent_out(
    client: Any, server: Any, agent: Path, user_key: Path
) -> None:
    client.trust(server)
    subprocess.run(["ssh-add", "-q", user_key], check=True, capture_output=True)
    assert client.run(client.host(server, private_key_file="")) == b"hello\n"
    client.config("Host *\n  IdentitiesOnly yes\n")
    with pytest.raises(AuthError, match="no key or password to offer"):
        client.run(client.host(server, private_key_file=""))


@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
@pytest.mark.parametrize("held", [False, True], ids=["file", "agent"])
def test_a_certificate(
    client: Any,
    net: Any,
    tmp_path: Path,
    keygen: Callable[..., Path],
    kind: str,
    request: pytest.FixtureRequest,
    *,
    held: bool,
) -> None:
    authority = keygen(tmp_path / "authority")
    key = keygen(tmp_path / "id_signed", kind)
    subprocess.run(
        ["ssh-keygen", "-q", "-s", authority, "-I", "me", "-n", "root", f"{key}.pub"], check=True
    )
    server = net.sshd(f"TrustedUserCAKeys {authority}.pub")
    client.trust(server)
    if held:
        request.getfixturevalue("agent")
        subprocess.run(["ssh-add", "-q", key], check=True, capture_output=True)
        host = client.host(server, private_key_file="")
    else:
        host = client.host(server, private_key_file=str(key))
    assert client.run(host) == b"hello\n"
    assert "ID me" in server.log


def test_a_key_that_is_not_accepted(
    client: Any, server: Any, tmp_path: Path, keygen: Callable[..., Path]
) -> None:
    client.trust(server)
    key = keygen(tmp_path / "id_stranger")
    with pytest.raises(AuthError, match="accepted none of") as caught:
        client.run(client.host(server, private_key_file=str(key)))
    assert str(key) in str(caught.value)
    assert f"root@{server.address}:{server.port}" in str(caught.value)


def test_a_key_that_is_no_key(client: Any, server: Any, tmp_path: Path) -> None:
    client.trust(server)
    (tmp_path / "junk").write_text("hello")
    with pytest.raises(AuthError, match="is not a private key"):
        client.run(client.host(server, private_key_file=str(tmp_path / "junk")))
    with pytest.raises(AuthError, match="No such file"):
        client.run(client.host(server, private_key_file=str(tmp_path / "gone")))


def test_the_key_that_worked_is_offered_first_next_time(
    client: Any, net: Any, tmp_path: Path, keygen: Callable[..., Path]
) -> None:
    wrong = [keygen(tmp_path / f"id_wrong{number}") for number in range(3)]
    server = net.sshd(allow=(client.key,))
    client.trust(server)
    keys = "".join(f"IdentityFile {key}\n" for key in [*wrong, client.key])
    client.config(f"Host *\n{keys}")
    host = client.host(server, private_key_file="")
    with Session() as session:
        for _ in range(2):
            with session.connect(host) as way:
                way.run("true", timeout=10, limit=99)
    assert server.log.count("Failed publickey") == len(wrong)


def test_too_many_keys_for_the_server(
    client: Any, net: Any, tmp_path: Path, keygen: Callable[..., Path]
) -> None:
    wrong = [keygen(tmp_path / f"id_wrong{number}") for number in range(4)]
    server = net.sshd("MaxAuthTries 2", allow=(client.key,))
    client.trust(server)
    client.config("Host *\n" + "".join(f"IdentityFile {key}\n" for key in wrong))
    with pytest.raises(AuthError, match="closed the connection after 2 offers") as caught:
        client.run(client.host(server, private_key_file=""))
    assert "IdentitiesOnly" in caught.value.hint


def test_a_password_is_not_offered_where_only_keys_count(client: Any, server: Any) -> None:
    client.trust(server)
    host = client.host(server, private_key_file="", password=SecretStr("hunter2"))
    with pytest.raises(AuthError, match="accept") as caught:
        client.run(host)
    assert "hunter2" not in str(caught.value)
    assert "publickey" in str(caught.value)


def test_those_who_log_in_by_kerberos_are_told(client: Any, server: Any) -> None:
    client.trust(server)
    client.config("Host *\n  GSSAPIAuthentication yes\n")
    with pytest.raises(AuthError, match="no key or password to offer") as caught:
        client.run(client.host(server, private_key_file=""))
    assert caught.value.hint.endswith("; tuner cannot log in by Kerberos (GSSAPI)")
