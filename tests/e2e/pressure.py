"""What goes wrong on a test host, made on purpose: ``python3 -c TEXT NAME ADDRESS``.

It runs inside the host, says ``ready``, and holds or repeats the trouble until its input ends.
"""

from __future__ import annotations

import contextlib
import resource
import select
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

PORT = 8080
_REPAIR, _REPAIR_QUEUE, _QUEUE_SEQ = 19, 20, 21
_SYN, _ACK = 2, 16


def pairs(address: str, number: int) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Yield the two ends of connections of the host to itself."""
    server = socket.create_server((address, PORT), backlog=64)
    for _ in range(number):
        client = socket.create_connection((address, PORT))
        accepted, _ = server.accept()
        yield client, accepted
    held.append(server)


held: list[object] = []


def checksum(data: bytes) -> int:
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def segment(
    source: tuple[str, int], target: tuple[str, int], *, seq: int, flags: int, stamp: int | None
) -> bytes:
    """Return a TCP segment with its IPv4 header, as a raw socket wants it."""
    options = b"" if stamp is None else struct.pack(">BBBBII", 1, 1, 8, 10, stamp, 0)
    words = 5 + len(options) // 4
    head = struct.pack(
        ">HHIIBBHHH", source[1], target[1], seq & 0xFFFFFFFF, 0, words << 4, flags, 1024, 0, 0
    )
    ends = socket.inet_aton(source[0]) + socket.inet_aton(target[0])
    body = head + options
    total = checksum(ends + struct.pack(">BBH", 0, 6, len(body)) + body)
    tcp = body[:16] + struct.pack(">H", total) + body[18:]
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0) + ends
    return ip + tcp


def raw() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)


def nft(rules: str) -> None:
    subprocess.run(["nft", rules], check=True)


Step = Callable[[], None] | None


def ports(address: str) -> Step:
    for client, accepted in pairs(address, 56):
        held.extend((client, accepted))
    return None


def time_wait(address: str) -> Step:
    for client, accepted in pairs(address, 600):
        client.close()
        accepted.close()
    return None


def queue(address: str) -> Step:
    server = socket.create_server((address, PORT), backlog=5)
    held.append(server)
    for _ in range(12):
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex((address, PORT))
        held.append(client)
    return None


def older(address: str) -> Step:
    held.append(socket.create_server((address, PORT), backlog=1000))
    return None


def cookies(address: str) -> Step:
    held.append(socket.create_server((address, PORT), backlog=20))
    out = raw()
    count = iter(range(1, 1 << 30))

    def flood() -> None:
        for _ in range(20):
            number = next(count)
            source = (f"10.77.{200 + number // 60000 % 50}.9", 1024 + number % 60000)
            syn = segment(source, (address, PORT), seq=number, flags=_SYN, stamp=None)
            out.sendto(syn, (address, 0))

    for _ in range(5):
        flood()
    return flood


def table(address: str) -> Step:
    nft(  # entries are confirmed on the way out; what comes in again needs no answer
        "table inet t { chain o { type filter hook output priority 0; ct state invalid drop; }; "
        "chain i { type filter hook prerouting priority -300; udp dport >= 1024 drop; }; }"
    )
    with open("/proc/sys/net/netfilter/nf_conntrack_max") as file:  # noqa: PTH123
        most = int(file.read())
    number = most * 3 // 4
    sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sink.bind((address, 0))
    for made in range(number):
        with contextlib.suppress(OSError):
            sink.sendto(b"", (f"127.1.{made // 60000}.1", 1024 + made % 60000))
    held.append(sink)
    return None


def nat(address: str) -> Step:
    nft(
        "table ip t { chain p { type nat hook postrouting priority 100; "
        f"ip daddr 10.77.0.1 udp dport 9 snat to {address}:40000-40003; }}; }}"
    )

    def send() -> None:
        for _ in range(5):
            out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            with contextlib.suppress(OSError):
                out.sendto(b"x", ("10.77.0.1", 9))
            held.append(out)

    send()
    return send


def half_closed(address: str) -> Step:
    for client, accepted in pairs(address, 600):
        client.shutdown(socket.SHUT_WR)
        held.extend((client, accepted))
    return None


def closing(address: str) -> Step:
    ends = list(pairs(address, 250))
    nft(
        "table inet t { chain i { type filter hook input priority 0; "
        f"tcp dport {PORT} tcp flags & fin == fin drop; }}; }}"
    )
    for client, accepted in ends:
        held.append(accepted)
        client.close()
    return None


def stale(address: str) -> Step:
    ((client, accepted),) = pairs(address, 1)
    held.extend((client, accepted))
    out = raw()

    def send() -> None:
        for stamp in (1, 0x80000001) * 5:
            old = segment(client.getsockname(), (address, PORT), seq=1, flags=_ACK, stamp=stamp)
            out.sendto(old, (address, 0))

    return send


def challenge(address: str) -> Step:
    ((client, accepted),) = pairs(address, 1)
    held.extend((client, accepted))
    out = raw()

    def send() -> None:
        for _ in range(5):
            syn = segment(client.getsockname(), (address, PORT), seq=7, flags=_SYN, stamp=None)
            out.sendto(syn, (address, 0))

    return send


def reuse(address: str) -> Step:
    """SYNs with a lower sequence number meet the server's TIME_WAIT."""
    ((client, accepted),) = pairs(address, 1)
    source = client.getsockname()
    client.setsockopt(socket.IPPROTO_TCP, _REPAIR, 1)
    client.setsockopt(socket.IPPROTO_TCP, _REPAIR_QUEUE, 2)
    seq = client.getsockopt(socket.IPPROTO_TCP, _QUEUE_SEQ) & 0xFFFFFFFF
    client.setsockopt(socket.IPPROTO_TCP, _REPAIR, 0)
    accepted.shutdown(socket.SHUT_WR)
    client.recv(1)
    client.close()
    accepted.close()
    nft(  # the client's kernel would answer by a reset, which ends the entry
        "table inet t { chain o { type filter hook output priority 0; "
        f"tcp sport {source[1]} tcp flags & rst == rst drop; }}; }}"
    )
    out = raw()

    def send() -> None:
        for _ in range(3):
            syn = segment(source, (address, PORT), seq=seq - 1000, flags=_SYN, stamp=None)
            out.sendto(syn, (address, 0))

    return send


def silence(address: str) -> Step:
    nft(
        "table inet t { chain i { type filter hook input priority 0; "
        f"tcp dport {PORT} drop; }}; }}"
    )
    for _ in range(25):
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex((address, PORT))
        held.append(client)
    return None


def spoof(address: str) -> Step:
    """Packets whose answer would leave by another interface arrive at 10.77.0.0/16's port."""
    out = raw()
    target = sys.argv[3]

    def send() -> None:
        for _ in range(5):
            syn = segment(("10.99.0.5", 1024), (target, 9), seq=1, flags=_SYN, stamp=None)
            out.sendto(syn, (target, 0))

    return send


def main() -> None:
    """Make the trouble, then hold or repeat it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 8192), most))
    step: Step = globals()[sys.argv[1]](sys.argv[2])
    if step is not None:
        step()
    print("ready", flush=True)
    while True:
        readable, _, _ = select.select([0], [], [], 0.05 if step else None)
        if readable:
            return
        if step is not None:
            step()
        time.sleep(0)


main()
