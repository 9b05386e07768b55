from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tuner.snapshot.snapshot import Missing

KEY = "tcp_max_tw_buckets"
GIB = 1 << 30

CASES: dict[str, dict[str, Any]] = {
    # A naive auditor compares with a large host's default; both of these are a small one's.
    "naive: memory unknown, and the kernel's twin setting says the same": {
        "live": {"tcp_max_tw_buckets": "16384", "tcp_max_orphans": "16384"},
    },
    "memory unknown, and below the twin": {
        "live": {"tcp_max_tw_buckets": "5000", "tcp_max_orphans": "16384"},
        "finds": [("warning", "tcp_max_tw_buckets", "which tcp_max_orphans has")],
    },
    "below the hash's default": {
        "live": {KEY: "5000", "tcp_ehash_entries": "262144"},
        "finds": [("warning", KEY, "5,000 is below this host's default of 131,072")],
    },
    "below, in a namespace": {
        "live": {KEY: "5000", "tcp_ehash_entries": "-262144"},
        "finds": [("warning", KEY, "131,072")],
    },
    "it has happened": {
        "live": {KEY: "5000", "tcp_ehash_entries": "262144"},
        "totals": {"TcpExt.TCPTimeWaitOverflow": 41234},
        "finds": [("error", KEY, "that has happened to 41,234 since boot")],
    },
    "it has not": {
        "live": {KEY: "5000", "tcp_ehash_entries": "262144"},
        "totals": {"TcpExt.TCPTimeWaitOverflow": 0},
        "finds": [("warning", KEY, "")],
    },
    "the default": {"live": {KEY: "131072", "tcp_ehash_entries": "262144"}},
    # A naive auditor compares with 28,232 ports; 4,096 is what the kernel itself gives 1 GiB.
    "small host, by its hash": {"live": {KEY: "4096", "tcp_ehash_entries": "8192"}},
    "small host, by its memory": {"live": {KEY: "4096"}, "memory": GIB - (40 << 20)},
    "small host, lowered": {
        "live": {KEY: "4095"},
        "memory": GIB - (40 << 20),
        "finds": [("warning", KEY, "4,096, the default for this much memory")],
    },
    "memory unknown": {
        "live": {KEY: "6000", "ip_local_port_range": "32768\t60999"},
        "finds": [("warning", KEY, "the 28,232 ports")],
    },
    "none at all": {
        "live": {KEY: "0", "tcp_ehash_entries": "8192"},
        "finds": [("warning", KEY, "0 is below")],
    },
    "unlimited is another matter": {"live": {KEY: "-1", "tcp_ehash_entries": "8192"}},
    "unreadable": {"live": {KEY: Missing.DENIED}, "skips": KEY},
    "absent": {},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("tw-buckets-low", case)
