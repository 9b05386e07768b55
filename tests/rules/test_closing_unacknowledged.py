from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tuner.snapshot.snapshot import Sockets

CASES: dict[str, dict[str, Any]] = {
    "some": {
        "sockets": Sockets({"FIN-WAIT-1": 250, "LAST-ACK": 10}, (), ()),
        "finds": [("note", "", "250 in FIN-WAIT-1, 10 in LAST-ACK")],
    },
    "many": {"sockets": Sockets({"LAST-ACK": 3000}, (), ()), "finds": [("warning", "", "3,000")]},
    # A naive auditor flags any; a busy server has some in passing.
    "naive: in passing": {"sockets": Sockets({"FIN-WAIT-1": 250, "ESTAB": 9000}, (), ())},
    "sockets unseen": {"skips": "TCP sockets"},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("closing-unacknowledged", case)
