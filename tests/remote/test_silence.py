"""A server that has fallen asleep is woken by a packet that every SSH server understands."""

from __future__ import annotations

import io
import socket
import threading
import time
from typing import Any

import paramiko
import paramiko.common
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tuner.inventory.host import Host


class Sleeper(paramiko.ServerInterface):
    """Takes anyone and any command, and says nothing until somebody asks for something."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.awake = threading.Event()

    def get_allowed_auths(self, username: str) -> str:
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        return paramiko.common.AUTH_SUCCESSFUL

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.common.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        return True

    def check_global_request(self, kind: str, msg: paramiko.Message) -> bool:
        self.asked.append(kind)
        self.awake.set()
        return True


def host_key() -> paramiko.Ed25519Key:
    pem = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()
    )
    return paramiko.Ed25519Key(file_obj=io.StringIO(pem.decode()))


@pytest.mark.parametrize("before", [b"", b"half "])
def test_two_silent_seconds_are_broken_by_a_request_that_wants_no_reply(
    client: Any, before: bytes
) -> None:
    sleeper, key = Sleeper(), host_key()
    with socket.create_server(("127.0.77.203", 0)) as listener:
        address, port = listener.getsockname()
        client.known_hosts.write_text(f"[{address}]:{port} ssh-ed25519 {key.get_base64()}\n")

        def serve() -> None:
            connection, _ = listener.accept()
            with paramiko.Transport(connection) as transport:
                transport.add_server_key(key)
                transport.start_server(server=sleeper)
                channel = transport.accept(10)
                assert channel is not None
                channel.sendall(before)
                assert sleeper.awake.wait(10)
                channel.sendall(b"awake\n")
                channel.send_exit_status(0)
                channel.close()

        server = threading.Thread(target=serve, daemon=True)
        server.start()
        host = Host("web1", address=address, port=port, private_key_file=str(client.key))
        began = time.monotonic()
        assert client.run(host, timeout=20.0) == before + b"awake\n"
        assert time.monotonic() - began < 8
        server.join(10)
    assert set(sleeper.asked) == {"keepalive@openssh.com"}
