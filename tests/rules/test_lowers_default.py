from __future__ import annotations

from collections.abc import Callable
from typing import Any

FILE = "/etc/sysctl.d/9.conf"


def line(key: str, value: str, kernel: str, **more: Any) -> dict[str, Any]:
    return {"kernel": kernel, "live": {key: value}, "files": {FILE: f"{key} = {value}"}, **more}


SOMAXCONN, RMAX, RMEM = "net.core.somaxconn", "net.core.rmem_max", "net.ipv4.tcp_rmem"
CASES: dict[str, dict[str, Any]] = {
    "somaxconn": line(SOMAXCONN, "1024", "6.1.0")
    | {"finds": [("note", SOMAXCONN, "below what Linux 6.1 starts with, 4,096")]},
    "rmem_max": line(RMAX, "212992", "6.18.5") | {"finds": [("note", RMAX, "4,194,304")]},
    "optmem_max": line("net.core.optmem_max", "65536", "6.8.0")
    | {"finds": [("note", "net.core.optmem_max", "131,072")]},
    "tcp_rmem": line(RMEM, "4096 87380 6291456", "6.18.5", memory=24 << 30)
    | {"finds": [("note", RMEM, "start at 87,380 bytes instead of 131,072 and grow to 6 MiB")]},
    # A naive auditor flags 1024; on this kernel it raises the limit.
    "naive: an older kernel": line(SOMAXCONN, "1024", "4.18.0"),
    "naive: the same triple on an older kernel": line(
        RMEM, "4096 87380 6291456", "4.18.0", memory=24 << 30
    ),
    "higher": line(SOMAXCONN, "8192", "6.1.0"),
    "nobody wrote it": {"live": {SOMAXCONN: "128"}},
    "memory unknown": line(RMEM, "4096 87380 6291456", "6.18.5")
    | {"finds": [("note", RMEM, "start at 87,380 bytes instead of 131,072, which")]},
    "memory unknown, and a fair start": line(RMEM, "4096 131072 6291456", "6.18.5"),
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("lowers-default", case)
