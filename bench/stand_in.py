"""A server that speaks real SSH, cheaply: every address is a host with its own key and one answer.

Usage: stand_in.py FOLDER ANSWER DELAY, with the bench's own Python. FOLDER has client.pub. An
answer takes DELAY seconds. Several may run at once; the kernel deals connections out to them.
"""

from __future__ import annotations

import asyncio
import hashlib
import socket
import sys
from pathlib import Path

import asyncssh  # type: ignore[import-not-found,unused-ignore]
from cryptography.hazmat.primitives import serialization
from farm import PORT, host_key_of


class _Door(asyncssh.SSHServer):  # type: ignore[misc,unused-ignore]
    """Lets the client's key in."""

    def begin_auth(self, username: str) -> bool:
        return bool(username)


async def _serve(folder: Path, answer: bytes, delay: float) -> None:
    async def reply(process: asyncssh.SSHServerProcess[bytes]) -> None:
        host = process.get_extra_info("sockname")[0]
        await process.stdin.read()
        if delay:
            await asyncio.sleep(delay)
        process.stdout.write(_varied(answer, host))
        process.exit(0)

    common = {
        "server_factory": _Door,
        "authorized_client_keys": str(folder / "client.pub"),
        "process_factory": reply,
        "encoding": None,
        "kex_algs": ["curve25519-sha256", "curve25519-sha256@libssh.org"],
        "line_editor": False,
        "keepalive_interval": 0,
        "login_timeout": 300,
    }
    ready = asyncssh.SSHServerConnectionOptions(server_host_keys=[_key("127.0.0.1")], **common)
    with socket.socket() as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        # Ansible's connections of the lane before may still be open.
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind(("0.0.0.0", PORT))  # noqa: S104 - the namespace has loopback only
        door.listen(4096)
        door.setblocking(False)
        loop = asyncio.get_running_loop()
        tasks = set()
        while True:
            client, _ = await loop.sock_accept(door)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            task = loop.create_task(_answer(client, ready))
            tasks.add(task)
            task.add_done_callback(tasks.discard)


async def _answer(client: socket.socket, ready: asyncssh.SSHServerConnectionOptions) -> None:
    key = _key(client.getsockname()[0])
    options = asyncssh.SSHServerConnectionOptions(ready, server_host_keys=[key])
    try:
        await asyncssh.run_server(client, options=options)
    except (OSError, asyncssh.Error):
        client.close()


def _key(host: str) -> asyncssh.SSHKey:
    return asyncssh.import_private_key(
        host_key_of(host).private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def _varied(answer: bytes, host: str) -> bytes:
    """Return the answer with one value that is the host's own, so that no two are alike."""
    number = int.from_bytes(hashlib.sha256(host.encode()).digest()[:2])
    return answer.replace(
        b"net/ipv4/tcp_max_tw_buckets:", b"net/ipv4/tcp_max_tw_buckets:%d" % (number % 9 + 1)
    )


def main() -> None:
    """Serve until ended."""
    folder, answer, delay = sys.argv[1:]
    asyncio.run(_serve(Path(folder), Path(answer).read_bytes(), float(delay)))


if __name__ == "__main__":
    main()
