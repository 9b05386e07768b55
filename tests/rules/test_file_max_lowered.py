from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "fs.file-max"
FILE = {"/etc/sysctl.d/9.conf": "fs.file-max = 65535"}

CASES: dict[str, dict[str, Any]] = {
    "lowered": {
        "live": {KEY: "65535", "fs.file-nr": "1200 0 65535"},
        "files": FILE,
        "system": {"init": "systemd"},
        "finds": [("note", KEY, "1,200 are open now")],
    },
    "nearly reached": {
        "live": {KEY: "65535", "fs.file-nr": "60000 0 65535"},
        "files": FILE,
        "system": {"init": "systemd"},
        "finds": [("error", KEY, "60,000 are open now")],
    },
    # A naive auditor flags the number; without systemd it may be more than the kernel's own.
    "naive: another init": {"live": {KEY: "65535"}, "files": FILE, "system": {"init": "openrc"}},
    "two million": {
        "live": {KEY: "2097152"},
        "files": {"/etc/sysctl.d/9.conf": "fs.file-max = 2097152"},
    },
    "no line": {"live": {KEY: "65535"}},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("file-max-lowered", case)
