"""Trouble of a whole machine: ``python3 guest.py NAME``, which says ``ready`` and goes on until killed."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import time

ADDRESS = ("127.0.0.1", 8080)


def neighbours() -> None:
    """Packets to hosts on the link that do not answer."""
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    ready()
    number = 0
    while True:
        number += 1
        with contextlib.suppress(OSError):
            out.sendto(b"x", (f"10.9.{number // 250 % 250}.{1 + number % 250}", 9))
        time.sleep(0.01)


def unread(number: int, size: int, *, close: bool) -> None:
    """Connections whose peers do not read what was sent."""
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
    server.bind(ADDRESS)
    server.listen(200)
    held = []
    for _ in range(number):
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, size)
        client.connect(ADDRESS)
        held.append(server.accept()[0])
        client.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while client.send(b"x" * 4096):
                pass
        if close:
            client.close()
        else:
            held.append(client)
    ready()
    while True:
        time.sleep(60)


def orphans() -> None:
    unread(90, 4096, close=True)


def buffers() -> None:
    unread(90, 1 << 20, close=False)


def packets() -> None:
    """A stream over loopback, each packet by itself."""
    server = socket.create_server(ADDRESS)
    client = socket.create_connection(ADDRESS)
    accepted, _ = server.accept()
    accepted.setblocking(False)
    ready()
    while True:
        client.sendall(b"x" * 30000)
        with contextlib.suppress(BlockingIOError):
            while accepted.recv(1 << 16):
                pass
        time.sleep(0.02)


def entries() -> None:
    """More one-way conversations than the connection table has room for."""
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    number = 0
    while True:
        number += 1
        with contextlib.suppress(OSError):
            out.sendto(b"x", ("127.0.0.1", 10000 + number % 20000))
        if number == 200:
            ready()
        time.sleep(0.002)


def ready() -> None:
    print("ready", flush=True)
    os.close(1)


{
    "neighbours": neighbours,
    "orphans": orphans,
    "buffers": buffers,
    "packets": packets,
    "entries": entries,
}[sys.argv[1]]()
