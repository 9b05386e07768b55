"""Ask one host the probe's one question, and read the answer."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path

from tuner.errors import AnswerError, DumpError
from tuner.inventory.host import Host, Way
from tuner.remote.offline import read, read_bytes
from tuner.remote.session import Session
from tuner.remote.transport import Completed
from tuner.snapshot.dump import parse_dump
from tuner.snapshot.snapshot import Snapshot

_LONGEST = 200  # characters of a host's own words in a message


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
            _probe(),
            timeout=session.settings.command_timeout,
            limit=session.settings.answer_limit,
        )
    if done.status != 0:
        raise AnswerError(
            f"{host.name}: the probe ended with status {done.status}: {_said(done)}",
            hint="tuner needs a login that may run sh on the host",
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
    answer = fetch(host, session)
    try:
        snapshot = parse_dump(answer, host=host.name)
    except DumpError as error:
        raise AnswerError(
            f"{host.name}: the answer is not the probe's: {_said(Completed(0, answer, b''))} "
            f"({error.message})",
            hint=error.hint,
        ) from None
    return replace(snapshot, facts=host.facts)


@cache
def _probe() -> str:
    return (files("tuner.remote") / "probe.sh").read_text(encoding="utf-8")


def _said(done: Completed) -> str:
    """Return the first line that a host said, safe to print."""
    for stream in (done.stderr, done.stdout) if done.status else (done.stdout, done.stderr):
        text = stream[: 16 * _LONGEST].decode("utf-8", "replace")
        for line in text.splitlines():
            shown = "".join(c if c.isprintable() else " " for c in line).strip()
            if shown:
                return f'"{shown[:_LONGEST]}"'
    return "it said nothing"
