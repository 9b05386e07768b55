from __future__ import annotations

from collections.abc import Callable
from typing import Any

FILE = "/etc/sysctl.d/9.conf"

CASES: dict[str, dict[str, Any]] = {
    "copied": {
        "live": {"kernel.shmmax": "68719476736"},
        "files": {FILE: "kernel.shmmax = 68719476736\nkernel.shmall = 4294967296"},
        "finds": [
            ("note", "kernel.shmmax", "one segment to 64 GiB"),
            ("note", "kernel.shmall", "together to 16,384 GiB"),
        ],
    },
    # A naive auditor calls it cargo cult; on this kernel it raises 32 MiB.
    "naive: an old kernel": {
        "kernel": "2.6.32",
        "files": {FILE: "kernel.shmmax = 68719476736"},
    },
    "no limit in practice": {"files": {FILE: "kernel.shmmax = 18446744073692774399"}},
    "naive: more than the host has": {
        "memory": 16 << 30,
        "files": {FILE: "kernel.shmmax = 68719476736"},
    },
    "no line": {"live": {"kernel.shmmax": "68719476736"}},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("shared-memory-lowered", case)
