from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tuner.snapshot.snapshot import Flow, Owner, Sockets


def sockets(count: int, established: int = 0, *, owner: bool = False) -> Sockets:
    return Sockets(
        {"CLOSE-WAIT": count, "ESTAB": established},
        (),
        (
            Flow("CLOSE-WAIT", "192.0.2.1", 8080, "", 0, count - 10),
            Flow("CLOSE-WAIT", "192.0.2.1", 0, "192.0.2.9", 5432, 10),
        ),
        owners=(Owner("CLOSE-WAIT", 0, "java", count - 5),) if owner else (),
    )


CASES: dict[str, dict[str, Any]] = {
    "some": {
        "sockets": sockets(150, owner=True),
        "finds": [("warning", "", "java holds 145 of them. Most: 140 on port 8080, 10 to")],
    },
    "many": {"sockets": sockets(2000), "finds": [("error", "", "ss -tanp state close-wait")]},
    # A naive auditor flags any; a busy server has some in passing.
    "naive: in passing": {"sockets": sockets(150, 9000)},
    "few": {"sockets": sockets(60)},
    "sockets unseen": {"skips": "TCP sockets"},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("close-wait-pile", case)
