from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "tcp_max_syn_backlog"
FILE = {"/etc/sysctl.d/9.conf": "net.ipv4.tcp_max_syn_backlog = 65536"}
ON = {KEY: "65536", "tcp_syncookies": "1"}

CASES: dict[str, dict[str, Any]] = {
    "cookies on": {
        "live": {**ON, "net.core.somaxconn": "4096"},
        "files": FILE,
        "finds": [("note", KEY, "4096 at most here")],
    },
    # A naive auditor calls it useless; without cookies, or up to 4.3, it is what counts.
    "naive: cookies off": {"live": {KEY: "65536", "tcp_syncookies": "0"}, "files": FILE},
    "an old kernel": {"kernel": "3.10.0", "live": ON, "files": FILE},
    "nobody set it": {"live": ON},
    "no files": {"live": ON, "files": None},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("syn-backlog-ignored", case)
