"""Ask one host the probe's one question, and read the answer."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path

from tuner.errors import AnswerError, DumpError
from tuner.inventory.host import Host, Way
from tuner.quoting import first_line
from tuner.remote.offline import read, read_bytes
from tuner.remote.session import Session
from tuner.remote.transport import Completed
from tuner.snapshot.dump import is_dump, is_whole, parse_dump
from tuner.snapshot.snapshot import Snapshot

_SEE_WHO = (
    "does a login shell or a ForceCommand answer for sh? "
    "See: echo 'echo it works' | ssh HOST 'exec sh -s'"
)


def fetch(host: Host, session: Session) -> bytes:
    """Return what the probe said on a host, or what a dump holds.

    Raises:
        TransportError: the host could not be asked, or its answer is not the probe's.
        DumpError: the dump cannot be read.
    """
    if host.way is Way.DUMP:
        return read_bytes(Path(host.dump))
    with session.connect(host) as transport:
        done = transport.run(
            probe(),
            timeout=session.settings.command_timeout,
            limit=session.settings.answer_limit,
            whole=is_whole,
        )
    if done.status != 0:
        how = f"with status {done.status}" if done.status > 0 else "without an exit status"
        raise AnswerError(
            f"{host.name}: the probe ended {how}: {_said(done)}",
            hint="tuner needs a login that may run sh on the host",
        )
    if not done.stdout:
        raise AnswerError(
            f"{host.name}: what answered is not the probe: {_said(done)}", hint=_SEE_WHO
        )
    return done.stdout


def collect(host: Host, session: Session) -> Snapshot:
    """Return a host's snapshot, with what was declared of it.

    Raises:
        TransportError: the host could not be asked, or its answer is not the probe's.
        DumpError: the dump cannot be read.
    """
    if host.way is Way.DUMP:
        return replace(read(Path(host.dump), host=host.name), facts=host.facts)
    return replace(read_answer(host, fetch(host, session)), facts=host.facts)


def read_answer(host: Host, answer: bytes) -> Snapshot:
    """Return what a host said of itself.

    Raises:
        AnswerError: it is not the probe's answer, or not all of it.
    """
    try:
        return parse_dump(answer, host=host.name)
    except DumpError as error:
        raise _unusable(host, answer, error) from None


def _unusable(host: Host, answer: bytes, error: DumpError) -> AnswerError:
    """Return what is wrong with an answer that is no dump, or not a whole one."""
    if is_dump(answer):
        trouble = "cannot be used" if is_whole(answer) else "is not whole"
        return AnswerError(
            f"{host.name}: its answer {trouble}: {error.message.replace('the dump', 'it')}",
            hint="try again; if it stays so, see what ends the session there (the host's log)",
        )
    return AnswerError(
        f'{host.name}: what answered is not the probe: it said "{first_line(answer)}"',
        hint=_SEE_WHO,
    )


@cache
def probe() -> str:
    """Return the script that hosts are asked with."""
    return (files("tuner.remote") / "probe.sh").read_text(encoding="utf-8")


def _said(done: Completed) -> str:
    """Return the first line that a host said."""
    said = first_line(done.stderr) or first_line(done.stdout)
    return f'"{said}"' if said else "it said nothing"
