"""Host keys are checked, and every refusal names the command that would mend it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tuner.errors import HostKeyError
from tuner.remote.known_hosts import KnownHosts, Standing, fingerprint

pytestmark = pytest.mark.root


def shown(key: Path) -> str:
    """The fingerprint as ssh-keygen prints it."""
    line = subprocess.run(
        ["ssh-keygen", "-l", "-f", f"{key}.pub"], capture_output=True, text=True, check=True
    ).stdout
    return line.split()[1]


def command_of(error: HostKeyError) -> str:
    return error.hint.partition(": ")[2]


def test_an_unknown_key_is_refused_and_the_hint_mends_it(client: Any, server: Any) -> None:
    with pytest.raises(HostKeyError, match="not on record") as caught:
        client.run(client.host(server))
    assert shown(server.host_keys[0]) in str(caught.value)
    assert not client.known_hosts.exists()
    command = command_of(caught.value)
    assert command.startswith(f"ssh-keyscan -p {server.port} {server.address} >> ")
    subprocess.run(["sh", "-c", command], check=True, capture_output=True)
    assert client.run(client.host(server)) == b"hello\n"


@pytest.mark.parametrize("file", ["/dev/null", "none"])
def test_without_a_file_of_ones_own_nothing_is_recorded(
    client: Any, server: Any, tmp_path: Path, file: str
) -> None:
    everyones = tmp_path / "everyones"
    everyones.touch()
    client.config(f"UserKnownHostsFile {file}\nGlobalKnownHostsFile {everyones}\n")
    with pytest.raises(HostKeyError, match="not on record") as caught:
        client.run(client.host(server))
    assert "no file records host keys" in caught.value.hint
    assert client.run(client.host(server), accept_new_host_keys=True) == b"hello\n"
    assert everyones.read_text() == ""
    assert not client.known_hosts.exists()


def test_a_changed_key_is_refused_and_the_hint_mends_it(
    client: Any, server: Any, tmp_path: Path, keygen: Callable[..., Path]
) -> None:
    other = keygen(tmp_path / "other")
    old = " ".join(Path(f"{other}.pub").read_text().split()[:2])
    client.known_hosts.write_text(f"# mine\n[{server.address}]:{server.port} {old}\n")
    with pytest.raises(HostKeyError, match="is not the one on record") as caught:
        client.run(client.host(server), accept_new_host_keys=True)
    assert shown(server.host_keys[0]) in str(caught.value)
    assert f"{client.known_hosts}:2" in str(caught.value)
    subprocess.run(["sh", "-c", command_of(caught.value)], check=True, capture_output=True)
    client.trust(server)
    assert client.run(client.host(server)) == b"hello\n"


def test_hashed_names(client: Any, server: Any) -> None:
    client.trust(server)
    subprocess.run(["ssh-keygen", "-H", "-f", client.known_hosts], check=True, capture_output=True)
    assert server.address not in client.known_hosts.read_text()
    assert client.run(client.host(server)) == b"hello\n"
    with pytest.raises(HostKeyError):
        client.run(client.host(server, ssh_common_args="-o HostKeyAlias=elsewhere"))


@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
@pytest.mark.parametrize("hashed", [False, True], ids=["plain", "hashed"])
def test_a_host_of_several_keys_is_known_by_any(
    client: Any, net: Any, kind: str, *, hashed: bool
) -> None:
    server = net.sshd(kinds=("ed25519", "ecdsa", "rsa"), allow=(client.key,))
    only = [line for line in server.known().splitlines(keepends=True) if kind in line]
    assert len(only) == 1
    # many hosts of another kind: what is usual there must not make this one look unknown
    usual = "".join(f"h{n} ssh-ed25519 AAAA{n:04}\n" for n in range(5))
    client.known_hosts.write_text(usual + only[0])
    if hashed:
        client.known_hosts.write_text(only[0])
        subprocess.run(
            ["ssh-keygen", "-H", "-f", client.known_hosts], check=True, capture_output=True
        )
        client.known_hosts.write_text(usual + client.known_hosts.read_text())
    assert client.run(client.host(server)) == b"hello\n"


def test_only_another_kind_on_record_is_a_change(
    client: Any, server: Any, tmp_path: Path, keygen: Callable[..., Path]
) -> None:
    other = keygen(tmp_path / "other", "ecdsa")
    old = " ".join(Path(f"{other}.pub").read_text().split()[:2])
    client.known_hosts.write_text(f"[{server.address}]:{server.port} {old}\n")
    with pytest.raises(HostKeyError, match="has another ecdsa-sha2-nistp256"):
        client.run(client.host(server), accept_new_host_keys=True)


def test_a_revoked_key(client: Any, server: Any) -> None:
    client.trust(server)
    with client.known_hosts.open("a") as file:
        file.write(f"@revoked * {server.known('x').split(' ', 1)[1]}")
    with pytest.raises(HostKeyError, match="marked as revoked"):
        client.run(client.host(server))


def test_an_authority_is_not_understood_and_that_is_said(client: Any, server: Any) -> None:
    client.known_hosts.write_text(f"@cert-authority [127.*]:* {server.known('x').split(' ', 1)[1]}")
    with pytest.raises(HostKeyError, match="cannot check host certificates"):
        client.run(client.host(server))


class TestNames:
    def test_alias(self, client: Any, server: Any) -> None:
        client.known_hosts.write_text(server.known("the-alias"))
        host = client.host(server, ssh_common_args="-o HostKeyAlias=the-alias")
        assert client.run(host) == b"hello\n"

    def test_the_hint_for_an_alias_mends_it(self, client: Any, server: Any) -> None:
        host = client.host(server, ssh_common_args="-o HostKeyAlias=the-alias")
        with pytest.raises(HostKeyError) as caught:
            client.run(host)
        subprocess.run(["sh", "-c", command_of(caught.value)], check=True)
        assert client.known_hosts.read_text().startswith("the-alias ssh-ed25519 ")
        assert client.run(host) == b"hello\n"

    @pytest.mark.parametrize("names", ["[127.0.*]:*", "a,[127.0.77.?]:*,b", "127.0.*"])
    def test_patterns(self, client: Any, server: Any, names: str) -> None:
        client.known_hosts.write_text(server.known(names))
        assert client.run(client.host(server)) == b"hello\n"

    def test_a_negated_pattern(self, client: Any, server: Any) -> None:
        client.known_hosts.write_text(server.known(f"[127.*]:*,![{server.address}]:*"))
        with pytest.raises(HostKeyError, match="not on record"):
            client.run(client.host(server))


class TestAcceptNew:
    def test_by_settings(self, client: Any, server: Any) -> None:
        client.config("HashKnownHosts no\n")
        assert client.run(client.host(server), accept_new_host_keys=True) == b"hello\n"
        assert client.known_hosts.read_text() == server.known()
        assert client.known_hosts.stat().st_mode & 0o777 == 0o600
        assert client.run(client.host(server)) == b"hello\n"

    @pytest.mark.parametrize("word", ["accept-new", "no"])
    def test_by_ssh_config(self, client: Any, server: Any, word: str) -> None:
        client.known_hosts.write_text("# no newline at the end")
        client.config(f"Host *\n StrictHostKeyChecking {word}\n HashKnownHosts yes\n")
        assert client.run(client.host(server)) == b"hello\n"
        text = client.known_hosts.read_text()
        assert text.startswith("# no newline at the end\n|1|")
        found = subprocess.run(
            ["ssh-keygen", "-F", f"[{server.address}]:{server.port}", "-f", client.known_hosts],
            capture_output=True,
            text=True,
            check=True,
        )
        assert found.stdout.count("ssh-ed25519") == 1

    def test_by_the_inventory(self, client: Any, server: Any) -> None:
        client.config("HashKnownHosts no\n")
        assert client.run(client.host(server, host_key_checking=False)) == b"hello\n"
        assert client.known_hosts.read_text() == server.known()

    def test_many_threads_leave_whole_lines(self, tmp_path: Path) -> None:
        path = tmp_path / "ssh" / "known_hosts"
        stores = [KnownHosts([path]) for _ in range(4)]
        with ThreadPoolExecutor(8) as pool:
            for number in range(200):
                pool.submit(
                    stores[number % 4].accept,
                    f"h{number // 2}",
                    "ssh-ed25519",
                    b"key%d" % number,
                    record=path,
                    hashed=False,
                )
        lines = path.read_text().splitlines()
        assert len(lines) == 200
        assert all(re.fullmatch(r"h\d+ ssh-ed25519 [A-Za-z0-9+/=]+", line) for line in lines)


def test_the_global_file_counts_too(client: Any, server: Any, tmp_path: Path) -> None:
    everyone = tmp_path / "ssh_known_hosts"
    everyone.write_text(server.known())
    client.config(f"GlobalKnownHostsFile {everyone}\n")
    assert client.run(client.host(server)) == b"hello\n"


def test_fingerprints_are_openssh_s(server: Any) -> None:
    blob = base64.b64decode(server.known().split()[2])
    assert fingerprint(blob) == shown(server.host_keys[0])


def test_ten_thousand_hashed_lines_cost_less_than_a_second(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    blobs = [hashlib.sha256(b"%d" % number).digest() for number in range(10_000)]
    with path.open("w") as file:
        for number, blob in enumerate(blobs):
            salt = hashlib.sha256(b"%d" % number).digest()[:20]
            name = hmac.digest(salt, b"host%d" % number, "sha1")
            file.write(
                f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(name).decode()} "
                f"ssh-ed25519 {base64.b64encode(blob).decode()}\n"
            )
    started = time.process_time()
    known = KnownHosts([path])
    standings = {
        known.judge((f"host{number}",), "ssh-ed25519", blob).standing
        for number, blob in enumerate(blobs)
    }
    took = time.process_time() - started
    assert standings == {Standing.KNOWN}
    assert took < 1.0
    assert known.judge(("host7",), "ssh-ed25519", b"other").standing is Standing.CHANGED
    assert known.judge(("nobody",), "ssh-ed25519", b"other").standing is Standing.UNKNOWN
    assert known.judge(("host8",), "ssh-ed25519", blobs[7]).standing is Standing.CHANGED


def test_junk_in_the_file_is_passed_over(client: Any, server: Any) -> None:
    client.known_hosts.write_bytes(
        b"\xff\xfe\x00 junk\n|1|bad|worse ssh-ed25519 AAAA\n|1|x ssh-rsa A\n\n#\n@revoked\n"
        + server.known().encode()
    )
    assert client.run(client.host(server)) == b"hello\n"
