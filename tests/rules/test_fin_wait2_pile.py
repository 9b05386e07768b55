from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tuner.snapshot.snapshot import Flow, Sockets


def sockets(count: int, established: int = 0) -> Sockets:
    flow = Flow("FIN-WAIT-2", "192.0.2.1", 443, "", 0, count)
    return Sockets({"FIN-WAIT-2": count, "ESTAB": established}, (), (flow,))


CASES: dict[str, dict[str, Any]] = {
    "some": {"sockets": sockets(600), "finds": [("note", "", "Most: 600 on port 443")]},
    "many": {"sockets": sockets(6000), "finds": [("warning", "", "the fault is theirs")]},
    # A naive auditor flags them and shortens tcp_fin_timeout; a busy server has some in passing.
    "naive: in passing": {"sockets": sockets(600, 20000)},
    "few": {"sockets": sockets(200)},
    "sockets unseen": {"skips": "TCP sockets"},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("fin-wait2-pile", case)
