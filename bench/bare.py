"""The floor: what a good engineer writes in an hour to run one script on many hosts.

paramiko's public interface only, one thread per host in flight, the key loaded once, the host key
pinned, TCP_NODELAY, one channel. It reads what the hosts say, counts the bytes, and judges nothing.

Usage: bare.py SCRIPT KEY HOST_KEY PORT THREADS HOSTS
"""

from __future__ import annotations

import base64
import logging
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import paramiko
from farm import address

_CHUNK = 1 << 16
_TIMEOUT = 60  # seconds without a byte


def main() -> None:
    """Ask all hosts; say how many answered, and with how many bytes."""
    script_file, key_file, host_key_file, port, threads, hosts = sys.argv[1:]
    logging.getLogger("paramiko").setLevel(logging.CRITICAL)
    script = Path(script_file).read_bytes()
    key = paramiko.Ed25519Key.from_private_key_file(key_file)
    pinned = paramiko.Ed25519Key(data=base64.b64decode(Path(host_key_file).read_text().split()[1]))

    def ask(host: str) -> int:
        with socket.create_connection((host, int(port)), timeout=_TIMEOUT) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            transport = paramiko.Transport(connection)
            try:
                transport.connect(hostkey=pinned, username="root", pkey=key)
                channel = transport.open_session()
                channel.settimeout(_TIMEOUT)
                channel.exec_command("sh -s")
                channel.sendall(script)
                channel.shutdown_write()
                size = 0
                while chunk := channel.recv(_CHUNK):
                    size += len(chunk)
                if channel.recv_exit_status() != 0:
                    raise OSError(f"{host}: the script failed")
                return size
            finally:
                transport.close()

    with ThreadPoolExecutor(int(threads)) as pool:
        sizes = list(pool.map(ask, map(address, range(int(hosts)))))
    print(f"{len(sizes)} hosts, {sum(sizes)} bytes")


if __name__ == "__main__":
    main()
