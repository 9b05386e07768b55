from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tuner.snapshot.snapshot import Missing

KEY = "tcp_rfc1337"
SERVER = ("public-server",)

CASES: dict[str, dict[str, Any]] = {
    "behind NAT": {
        "live": {KEY: "1"},
        "roles": SERVER,
        "facts": {"nat": "yes"},
        "finds": [("error", KEY, "until it gives up")],
    },
    "behind NAT, no timestamps": {
        "live": {KEY: "1", "tcp_timestamps": "0"},
        "roles": ("internal-server",),
        "facts": {"nat": "yes"},
        "finds": [("error", KEY, "for up to 60 s")],
    },
    "nobody knows": {
        "live": {KEY: "1"},
        "roles": SERVER,
        "finds": [("warning", KEY, "turns on a NAT in the path")],
    },
    # A naive auditor finds 1 alarming everywhere; without NAT no client is kept out.
    "no NAT": {"live": {KEY: "1"}, "roles": SERVER, "facts": {"nat": "no"}},
    "no server": {
        "live": {KEY: "1"},
        "roles": ("client-heavy",),
        "facts": {"nat": "yes"},
        "finds": [("note", KEY, "the exact sequence number anyway")],
    },
    "the policy wants it": {
        "live": {KEY: "1"},
        "profile": "expect: {net.ipv4.tcp_rfc1337: {exactly: 1, why: w, sources: s}}",
    },
    "off": {"live": {KEY: "0"}, "roles": SERVER, "facts": {"nat": "yes"}},
    "unreadable": {"live": {KEY: Missing.DENIED}, "roles": SERVER, "skips": KEY},
    "absent": {"roles": SERVER},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("rfc1337-behind-nat", case)
