"""A function over many hosts at a time; a host's failure is that host's result."""

from __future__ import annotations

import contextlib
import gc
import os
import queue
import resource
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from tuner.errors import TunerError
from tuner.inventory.host import Host

Result = TypeVar("Result")

DEFAULT_FORKS = 50
"""Hosts asked at a time; a thread each, which more of them only get into each other's way."""

MOST_FORKS = 512
_FILES_PER_HOST = 3  # a socket, and two more where a proxy command or a local shell runs
_FILES_SPARED = 64  # for everything else that tuner has open
_SELDOM = 50_000  # new objects between two collections
_TURN = 0.05  # seconds before a thread must let others run; judging a host takes less
_PATIENCE = 0.5  # seconds between looks whether the consumer is still there


def each(
    work: Callable[[Host], Result], hosts: Sequence[Host], *, forks: int | None = None
) -> Iterator[tuple[Host, Result | TunerError]]:
    """Yield every host with its result or its failure, as they come.

    An exception that is no TunerError becomes one that calls itself a bug in tuner; with
    TUNER_DEBUG in the environment its traceback goes to standard error. A consumer that stops,
    by Ctrl-C too, stops new work at once and does not wait for what is under way.

    Args:
        work: what to do with one host; called in many threads.
        hosts: whom.
        forks: how many at a time; None for a sensible number.
    """
    count = min(len(hosts), allowed_forks(forks or DEFAULT_FORKS))
    if count == 0:
        return
    pending = iter(hosts)
    lock = threading.Lock()
    stop = threading.Event()
    results: queue.Queue[tuple[Host, Result | TunerError]] = queue.Queue(maxsize=2 * count)

    def serve() -> None:
        while not stop.is_set():
            with lock:
                host = next(pending, None)
            if host is None:
                return
            result = _outcome(work, host)
            while not stop.is_set():
                with contextlib.suppress(queue.Full):
                    results.put((host, result), timeout=_PATIENCE)
                    break

    with _calm():
        try:
            for number in range(count):
                # daemons: a thread that waits for a host must not keep tuner from ending
                threading.Thread(target=serve, name=f"host-{number}", daemon=True).start()
            for _ in range(len(hosts)):
                yield results.get()
        finally:
            stop.set()


def allowed_forks(wanted: int) -> int:
    """Return how many hosts to ask at a time, so that neither files nor threads run out."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
    files = MOST_FORKS if soft == resource.RLIM_INFINITY else (soft - _FILES_SPARED)
    return max(1, min(wanted, MOST_FORKS, files // _FILES_PER_HOST))


def _outcome(work: Callable[[Host], Result], host: Host) -> Result | TunerError:
    try:
        return work(host)
    except TunerError as error:
        error.__traceback__ = None  # it holds the connection's buffers, for every failed host
        return error
    except Exception as error:  # noqa: BLE001 - one bad host must never stop the others
        if os.environ.get("TUNER_DEBUG"):
            traceback.print_exception(error, file=sys.stderr)
        place = traceback.extract_tb(error.__traceback__)[-1]
        return TunerError(
            f"{host.name}: a bug in tuner: {type(error).__name__} "
            f"at {os.path.basename(place.filename)}:{place.lineno}",  # noqa: PTH119 - as recorded
            hint="set TUNER_DEBUG=1 to see the traceback, and report it",
        )


@contextlib.contextmanager
def _calm() -> Iterator[None]:
    """Let the cyclic collector run seldom, and threads go on until they wait for their host."""
    enabled, before, interval = gc.isenabled(), gc.get_threshold(), sys.getswitchinterval()
    gc.freeze()  # modules and the catalogue stay for good: it need not go through them each time
    gc.set_threshold(max(before[0], _SELDOM), before[1], before[2])  # connections are cycles
    gc.enable()
    sys.setswitchinterval(_TURN)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
        gc.unfreeze()
        gc.set_threshold(*before)
        if not enabled:
            gc.disable()
