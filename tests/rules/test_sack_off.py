from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tuner.snapshot.snapshot import Missing

KEY = "tcp_sack"

CASES: dict[str, dict[str, Any]] = {
    "off": {"live": {KEY: "0"}, "finds": [("warning", KEY, "each further loss")]},
    "off for the CVE": {
        "live": {KEY: "0"},
        "files": {"/etc/sysctl.d/9.conf": "# CVE-2019-11477\nnet.ipv4.tcp_sack = 0"},
        "finds": [("warning", KEY, "is fixed in this kernel")],
    },
    "off for the CVE, and the kernel is as old": {
        "kernel": "4.15.0",
        "live": {KEY: "0"},
        "files": {"/etc/sysctl.d/9.conf": "# CVE-2019-11477\nnet.ipv4.tcp_sack = 0"},
        "finds": [("warning", KEY, "or a timeout.")],
    },
    "off at the next boot": {
        "live": {KEY: "1"},
        "files": {"/etc/sysctl.d/9.conf": "net.ipv4.tcp_sack = 0"},
        "finds": [("warning", KEY, "The next boot sets it.")],
    },
    "on": {"live": {KEY: "1"}},
    # A naive auditor reads every file; boot does not read this one.
    "naive: in a file that is shadowed": {
        "live": {KEY: "1"},
        "files": {"/etc/sysctl.d/9.conf": "", "/usr/lib/sysctl.d/9.conf": "net.ipv4.tcp_sack = 0"},
    },
    "unreadable": {"live": {KEY: Missing.DENIED}, "skips": KEY},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("sack-off", case)
