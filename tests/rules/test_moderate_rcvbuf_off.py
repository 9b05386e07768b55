from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "tcp_moderate_rcvbuf"

CASES: dict[str, dict[str, Any]] = {
    "off": {
        "live": {KEY: "0", "tcp_rmem": "4096 131072 6291456"},
        "finds": [("warning", KEY, "tcp_rmem of 128 KiB")],
    },
    "off, buffers unseen": {"live": {KEY: "0"}, "finds": [("warning", KEY, "of tcp_rmem,")]},
    # A naive auditor sees a large tcp_rmem and fears for memory; autotuning is what keeps it small.
    "naive: on with large buffers": {"live": {KEY: "1", "tcp_rmem": "4096 131072 67108864"}},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("moderate-rcvbuf-off", case)
