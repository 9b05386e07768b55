from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tuner.snapshot.snapshot import Listener, Sockets

SENT, BACK = "TcpExt.SyncookiesSent", "TcpExt.SyncookiesRecv"
ON = {"tcp_syncookies": "1"}

CASES: dict[str, dict[str, Any]] = {
    "now": {
        "live": ON,
        "sockets": Sockets({}, (Listener("::", 80, 0, 20), Listener("::", 22, 0, 128)), ()),
        "totals": {SENT: 1790, BACK: 895},
        "rates": {SENT: 300.0},
        "finds": [("warning", "", "300 a second now, and 50 % of them came back")],
    },
    "since boot": {"live": ON, "totals": {SENT: 48000}, "finds": [("note", "", "2,000 an hour")]},
    # A naive auditor flags any cookie since boot; a scan causes a handful.
    "naive: a handful": {"live": ON, "totals": {SENT: 40}},
    "always: another rule": {"live": {"tcp_syncookies": "2"}, "totals": {SENT: 48000}},
    "counters unseen": {"live": ON, "skips": "kernel counters"},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("syn-cookies-sent", case)
