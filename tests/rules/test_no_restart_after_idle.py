from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEY = "tcp_slow_start_after_idle"

CASES: dict[str, dict[str, Any]] = {
    "no role": {"live": {KEY: "0"}, "finds": [("note", KEY, "roles do not")]},
    "a gateway": {
        "live": {KEY: "0"},
        "roles": ("nat-gateway",),
        "finds": [("note", KEY, "forwarded connections never see it")],
    },
    # A naive auditor flags 0; a server with keep-alive gains by it.
    "naive: a server": {"live": {KEY: "0"}, "roles": ("public-server",)},
    "a client": {"live": {KEY: "0"}, "roles": ("client-heavy",)},
    "default": {"live": {KEY: "1"}},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("no-restart-after-idle", case)
