from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tuner.snapshot.snapshot import Sockets

R, W = "tcp_rmem", "tcp_wmem"

CASES: dict[str, dict[str, Any]] = {
    "both": {
        "live": {R: "4096 16777216 33554432", W: "4096 1048576 16777216"},
        "finds": [("warning", R, "may fill 16 MiB"), ("warning", W, "may fill 1 MiB")],
    },
    "a little": {"live": {W: "4096 87380 16777216"}, "finds": [("note", W, "may fill 85.3 KiB")]},
    "and many connections": {
        "live": {W: "4096 1048576 16777216"},
        "memory": 8 << 30,
        "sockets": Sockets({"ESTAB": 4000}, (), ()),
        "finds": [("error", W, "3.91 GiB for its 4,000")],
    },
    # A naive auditor fears the last number; that one is reached only where the path needs it.
    "naive: a high ceiling": {"live": {R: "4096 131072 67108864", W: "4096 16384 67108864"}},
    "unordered: another rule": {"live": {R: "4096 16777216 6291456"}},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("socket-buffers-start-large", case)
