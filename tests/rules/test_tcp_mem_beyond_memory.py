from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "tcp_mem"

CASES: dict[str, dict[str, Any]] = {
    "bytes": {
        "live": {KEY: "94500000 915000000 927000000"},
        "memory": 8 << 30,
        "finds": [("warning", KEY, "this host has 8 GiB")],
    },
    "the numbers of tcp_rmem": {
        "live": {KEY: "4096 87380 16777216", "tcp_rmem": "4096 87380 16777216"},
        "memory": 512 << 30,
        "finds": [("warning", KEY, "this host has 512 GiB")],
    },
    "udp_mem too": {
        "live": {"udp_mem": "65536 1048576 16777216"},
        "memory": 16 << 30,
        "finds": [("warning", "udp_mem", "are 64 GiB")],
    },
    "default": {"live": {KEY: "287898 383867 575796"}, "memory": 24 << 30},
    # A naive auditor takes large numbers for bytes; this host has the memory.
    "naive: a large host": {"live": {KEY: "9000000 12000000 18000000"}, "memory": 512 << 30},
    "memory unknown": {"live": {KEY: "94500000 915000000 927000000"}},
    "a container": {"memory": 8 << 30},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("tcp-mem-beyond-memory", case)
