from __future__ import annotations

from collections.abc import Callable
from typing import Any

ACK, SYN = "TcpExt.TCPChallengeACK", "TcpExt.TCPSYNChallenge"

CASES: dict[str, dict[str, Any]] = {
    "on SYNs, now": {
        "totals": {ACK: 100, SYN: 900},
        "rates": {SYN: 30.0},
        "finds": [("warning", "", "most answered a SYN")],
    },
    "others, often": {"totals": {ACK: 48000}, "finds": [("note", "", "somebody who guesses")]},
    # A naive auditor flags any; scanners cause some every day.
    "naive: some": {"totals": {ACK: 300}, "rates": {ACK: 2.0}},
    "counters unseen": {"skips": "kernel counters"},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("challenge-acks-sent", case)
