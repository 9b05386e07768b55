"""Runs tuner's command line in the control namespace, with plans made by hand and steps that wait.

It runs as ``python -m tests.apply.runner PID``, PID being the control namespace's process, reads
one JSON request a line and forks for each, so that a controller costs no start-up and can be
killed. In the scripts that it sends every step looks for a file /run/faults/STEP on the host, says
that it was reached, and waits until the file is gone.
"""

from __future__ import annotations

import ctypes
import json
import os
import pickle
import signal
import sys
from pathlib import Path
from typing import Any

import paramiko  # noqa: F401 - paid for once, before the forks

import tuner.cli.apply
import tuner.cli.history
import tuner.cli.plans
import tuner.cli.rollback
import tuner.cli.status
import tuner.remote.ssh
from tuner.apply import protocol
from tuner.cli import main
from tuner.cli.plans import Planned
from tuner.inventory.load import load_inventory

WAIT = """\
step() {
  say "step $*"
  (
    spot=/run/faults/$(printf '%s' "$*" | tr ' ' -)
    [ -e "$spot" ] || exit 0
    echo $$ >"$spot.reached"
    while [ -e "$spot" ]; do sleep 0.03; done
  )
  :
}
"""
USUAL = protocol._text
REAL = tuner.cli.plans.plans_for


def with_waits(name: str) -> str:
    text = USUAL(name)
    if name != "common":
        return text
    old = 'step() { say "step $*"; }\n'
    assert old in text
    return text.replace(old, WAIT)


def plans_for(options: Any) -> Planned:
    """Return the plans that lie beside the inventory, if any do."""
    path = Path(options.inventory)
    if not path.with_suffix(".plans").exists():
        return REAL(options)
    hosts = tuple(load_inventory(path, limit=options.limit or ""))
    plans = pickle.loads(path.with_suffix(".plans").read_bytes())  # noqa: S301 - the test's own
    return Planned(str(path.resolve()), hosts, plans, lambda console: console.print("THE PLAN"))


def serve(request: dict[str, Any]) -> None:
    """Be one controller."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.setsid()
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    if request["types"]:
        terminal, slave = os.openpty()
        os.dup2(slave, 0)
        os.write(terminal, f"{request['types']}\n".encode())
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(request[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    code = 99
    try:
        if request["waits"]:
            setattr(protocol, "_text", with_waits)  # noqa: B010 - mypy knows it as a cached one
        setattr(tuner.cli.apply, "plans_for", plans_for)  # noqa: B010 - the same
        code = main(request["arguments"])
        sys.stdout.flush()
        sys.stderr.flush()
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else 98
    except BaseException:  # noqa: BLE001 - a test wants to see it
        import traceback  # noqa: PLC0415

        traceback.print_exc()
    finally:
        sys.stderr.flush()
        Path(request["code"]).write_text(str(code))
        os._exit(0)


def run(control: str) -> None:
    """Enter the namespace and serve requests."""
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(1, signal.SIGKILL) == 0
    with Path(f"/proc/{control}/ns/net").open("rb") as place:
        assert libc.setns(place.fileno(), 0x40000000) == 0
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            assert libc.prctl(1, signal.SIGKILL) == 0
            serve(json.loads(line))
        print(child, flush=True)


if __name__ == "__main__":
    run(sys.argv[1])
