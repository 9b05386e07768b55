"""The ways to a host that ssh_config describes, walked for real."""

from __future__ import annotations

import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import paramiko
import paramiko.common
import pytest

from tuner.errors import AuthError, ConnectError, HostKeyError
from tuner.inventory.host import Host
from tuner.remote.fleet import each
from tuner.remote.session import Session

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def chain(net: Any, user_key: Path) -> tuple[Any, Any, Any]:
    """Two jump hosts and a target."""
    return tuple(net.sshd(allow=(user_key,)) for _ in range(3))


def block(name: str, server: Any, key: Path, *lines: str) -> str:
    return (
        f"Host {name}\n  HostName {server.address}\n  Port {server.port}\n  User root\n"
        f"  IdentityFile {key}\n" + "".join(f"  {line}\n" for line in lines)
    )


def test_everything_from_ssh_config(client: Any, chain: Any) -> None:
    client.trust(*chain)
    client.config(block("web*", chain[0], client.key))
    assert client.run(Host("web1")) == b"hello\n"


def test_the_inventory_wins(client: Any, chain: Any) -> None:
    client.trust(*chain)
    client.config(block("*", chain[0], client.key).replace("User root", "User nobody"))
    assert client.run(Host("web1", user="root", port=chain[0].port)) == b"hello\n"
    with pytest.raises(ConnectError, match=r":1\)?: connection refused"):
        client.run(Host("web1", user="root", port=1))


def test_include(client: Any, chain: Any) -> None:
    client.trust(*chain)
    (client.home / ".ssh" / "conf.d").mkdir()
    (client.home / ".ssh" / "conf.d" / "web.conf").write_text(block("web1", chain[0], client.key))
    client.config("Include conf.d/*.conf\n")
    assert client.run(Host("web1")) == b"hello\n"


def test_another_file_by_flag(client: Any, chain: Any, tmp_path: Path) -> None:
    client.trust(*chain)
    file = tmp_path / "my config"
    file.write_text(block("web1", chain[0], client.key))
    assert client.run(Host("web1", ssh_common_args=f"-F '{file}'")) == b"hello\n"
    assert client.run(Host("web1"), ssh_config=str(file)) == b"hello\n"


class TestJumps:
    def test_nested(self, client: Any, chain: Any) -> None:
        first, second, target = chain
        client.trust(*chain)
        client.config(
            block("first", first, client.key)
            + block("second", second, client.key, "ProxyJump first")
            + block("web*", target, client.key, "ProxyJump second")
        )
        seen = client.run(Host("web1"), "echo $SSH_CONNECTION").split()
        assert seen[2].decode() == target.address
        assert "Accepted publickey" in first.log
        assert "Accepted publickey" in second.log

    def test_a_list(self, client: Any, chain: Any) -> None:
        first, second, target = chain
        client.trust(*chain)
        client.config(f"Host *\n IdentityFile {client.key}\n")
        jumps = ",".join(f"root@{hop.address}:{hop.port}" for hop in (first, second))
        before = second.log.count("Accepted publickey")
        assert client.run(client.host(target, ssh_common_args=f"-J {jumps}")) == b"hello\n"
        assert second.log.count("Accepted publickey") == before + 1

    def test_none(self, client: Any, chain: Any) -> None:
        client.trust(*chain)
        client.config(
            block("web1", chain[2], client.key, "ProxyJump none")
            + "Host *\n  ProxyJump nowhere.invalid\n"
        )
        assert client.run(Host("web1")) == b"hello\n"

    def test_one_connection_serves_all(self, client: Any, chain: Any) -> None:
        jump, _, target = chain
        client.trust(*chain)
        client.config(
            block("jump", jump, client.key) + block("web*", target, client.key, "ProxyJump jump")
        )
        before = jump.log.count("Accepted publickey")
        hosts = [Host(f"web{number}") for number in range(12)]
        with Session() as session:

            def work(host: Host) -> bytes:
                with session.connect(host) as way:
                    return way.run("echo ok", timeout=10, limit=99).stdout

            results = [result for _, result in each(work, hosts, forks=6)]
        assert results == [b"ok\n"] * 12
        assert jump.log.count("Accepted publickey") == before + 1

    def test_a_thread_that_writes_late_ends_nobody_elses_connection(
        self, client: Any, chain: Any
    ) -> None:
        jump, _, target = chain
        client.trust(*chain)
        with Session() as session:
            way: Any = session.connect(client.host(jump))
            transport = way._transport
            for _ in range(2):  # sshd gives the second channel the number of the first
                place = (target.address, target.port)
                channel = transport.open_channel("direct-tcpip", place, ("127.0.0.1", 0))
                assert channel.recv(4) == b"SSH-"
                channel.close()
                time.sleep(0.2)  # sshd has closed it too
                late = paramiko.Message()
                late.add_byte(paramiko.common.cMSG_CHANNEL_DATA)
                late.add_int(channel.remote_chanid)
                late.add_string(b"late")
                transport._send_user_message(late)
            assert way.run("echo ok", timeout=10, limit=99).stdout == b"ok\n"
            way.close()
        assert "nonexistent" not in jump.log

    def test_all_that_a_jump_host_cannot_reach_say_so(self, client: Any, chain: Any) -> None:
        jump, _, target = chain
        client.trust(jump)
        client.config(
            block("jump", jump, client.key)
            + f"Host web*\n  HostName {target.address}\n  Port 1\n  ProxyJump jump\n"
        )
        hosts = [Host(f"web{number}") for number in range(40)]
        with Session() as session:
            results = [result for _, result in each(session.connect, hosts, forks=20)]
        assert all("the jump host cannot reach it" in str(result) for result in results), results

    def test_one_that_lacks_a_key_is_told_where_its_key_is_named(
        self, client: Any, chain: Any
    ) -> None:
        jump, _, target = chain
        client.trust(*chain)
        client.config(f"Host gate\n HostName {jump.address}\n Port {jump.port}\n User root\n")
        with pytest.raises(AuthError, match="there is no key or password to offer") as caught:
            client.run(client.host(target, ssh_common_args="-J gate"))
        assert "ssh-add a key, or set IdentityFile for Host gate in ssh_config" in caught.value.hint

    def test_a_circle(self, client: Any) -> None:
        client.config("Host a\n ProxyJump b\nHost b\n ProxyJump a\n")
        with pytest.raises(ConnectError, match="circle"):
            client.run(Host("web1", ssh_common_args="-J a"))

    def test_a_dead_jump_host_is_asked_once(self, client: Any, chain: Any) -> None:
        client.config("Host dead\n HostName 127.0.77.250\n Port 1\nHost web*\n ProxyJump dead\n")
        with Session() as session:
            failures = [
                result for _, result in each(session.connect, [Host(f"web{n}") for n in range(5)])
            ]
        assert {str(failure) for failure in failures} == {
            "jump host root@127.0.77.250:1: connection refused"
        }

    def test_a_target_that_is_down(self, client: Any, chain: Any) -> None:
        client.trust(*chain)
        client.config(block("jump", chain[0], client.key))
        host = Host("web1", address="127.0.77.251", port=1, ssh_common_args="-J jump")
        with pytest.raises(ConnectError, match="jump host cannot reach it"):
            client.run(host)

    def test_the_hint_for_an_unknown_key_behind_a_jump_host_mends_it(
        self, client: Any, chain: Any
    ) -> None:
        jump, _, target = chain
        client.trust(jump)
        client.config(block("jump", jump, client.key))
        host = client.host(target, ssh_common_args="-J jump")
        with pytest.raises(HostKeyError) as caught:
            client.run(host)
        subprocess.run(["sh", "-c", caught.value.hint.partition(": ")[2]], check=True)
        assert client.run(host) == b"hello\n"


class TestProxyCommand:
    def test_tokens_take_the_inventory_s_port(self, client: Any, chain: Any) -> None:
        jump, _, target = chain
        client.trust(*chain)
        command = (
            f"ssh -F none -o UserKnownHostsFile={client.known_hosts} -i {client.key} "
            f"-p {jump.port} -W %h:%p root@{jump.address}"
        )
        host = client.host(target, ssh_common_args=f'-o ProxyCommand="{command}"')
        assert client.run(host) == b"hello\n"

    def test_a_failing_one_says_why(self, client: Any, chain: Any) -> None:
        host = client.host(
            chain[0], ssh_common_args="-o ProxyCommand='sh -c \"echo no such bastion >&2; exit 1\"'"
        )
        with pytest.raises(ConnectError, match="proxy command failed: no such bastion"):
            client.run(host)

    def test_one_that_ends_at_once_is_no_server_s_fault(self, client: Any, chain: Any) -> None:
        host = client.host(chain[0], ssh_common_args="-o ProxyCommand=true")
        with pytest.raises(
            ConnectError, match=r"its proxy command ended the connection .*, 2 times"
        ) as caught:
            client.run(host, retries=1)
        assert caught.value.hint == "run it by hand: does it lead to the host's sshd? true"

    def test_nothing_is_left_running(self, client: Any, chain: Any) -> None:
        client.trust(*chain)
        marker = "3141592"
        command = f"sh -c 'sleep {marker} & exec nc %h %p'"
        if subprocess.run(["which", "nc"], capture_output=True, check=False).returncode:
            command = (
                f"sh -c 'sleep {marker} & exec ssh -F none -o UserKnownHostsFile="
                f"{client.known_hosts} -i {client.key} -p {chain[1].port} -W %h:%p "
                f"root@{chain[1].address}'"
            )
        client.config(block("web1", chain[0], client.key, f"ProxyCommand {command}"))
        assert client.run(Host("web1")) == b"hello\n"
        left = subprocess.run(
            ["pgrep", "-f", f"^sleep {marker}"], capture_output=True, check=False
        ).stdout
        assert left == b""


def test_what_is_not_honoured_is_said(client: Any, server: Any) -> None:
    client.trust(server)
    client.config("Host *\n  RevokedHostKeys /dev/null\n")
    with Session() as session:
        host = client.host(server, ssh_common_args="-o StrictHostKeyChecking=no -w 0:0")
        with session.connect(host):
            pass
        assert [sentence.split()[0] for sentence in session.warnings]
        assert any("revokedhostkeys" in sentence for sentence in session.warnings)
        assert any("StrictHostKeyChecking no" in sentence for sentence in session.warnings)


def test_no_thread_is_left_behind(client: Any, server: Any) -> None:
    client.trust(server)
    client.run(client.host(server))
    before = threading.active_count()
    for _ in range(3):
        client.run(client.host(server))
    time.sleep(0.6)
    assert threading.active_count() <= before
