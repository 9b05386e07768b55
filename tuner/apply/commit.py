"""One change of one host, from the first word to a settled end."""

from __future__ import annotations

import contextlib
import getpass
import re
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from tuner.apply import words
from tuner.apply.answer import Answer, parse_answer
from tuner.apply.bundle import Memory, read_memory, to_undo, way_back
from tuner.apply.job import Job
from tuner.apply.outcome import Ending, Outcome
from tuner.apply.protocol import Phase, make_nonce, script
from tuner.errors import ConnectError, TransportError
from tuner.inventory.host import Host, Way
from tuner.remote.session import Session
from tuner.remote.transport import Transport

_LIMIT = 4 * 1024 * 1024  # bytes of an answer
_PAUSE = 1.0  # seconds between tries to reach a host
_FEWEST = 3  # tries to settle a change, however late it is
_MARGIN = 2.0  # seconds before the deadline in which no confirmation is begun
_GRACE = 30.0  # seconds after the deadline in which a host may come back

Watch = Callable[[str], None]
"""Told what is about to happen: begin, pending, confirm, settle."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How a change is made. Seconds.

    ``revert_in``: after so long without confirmation the host puts itself back.
    """

    revert_in: int = 60
    grace: float = _GRACE


def check(host: Host, job: Job, session: Session) -> Outcome | None:
    """Return why a host cannot be changed, None where it can. Nothing is changed.

    Raises:
        TransportError: it could not be asked.
    """
    with _connect(host, session) as transport:
        answer = _run(transport, Phase.PREFLIGHT, job, timeout=session.settings.command_timeout)
    if answer.end != "checked":
        raise ConnectError(f"{host.name}: the answer was cut off", hint="try again")
    if not answer.problems:
        return None
    return _refused(host, job, answer)


def commit(
    host: Host, job: Job, session: Session, *, terms: Terms, watch: Watch = lambda _: None
) -> Outcome:
    """Make a change on a host, confirm it over a new connection, and return how it ended.

    Raises:
        TransportError: the host could not be reached; nothing was begun.
    """
    return _Course(host, job, session, terms, watch).run()


def settle(host: Host, job: Job, session: Session) -> Answer:
    """Bring a change to its end, whichever that is, and return what the host said.

    Raises:
        TransportError: it could not be asked.
    """
    with _connect(host, session) as transport:
        return _run(transport, Phase.SETTLE, job, timeout=120.0)


def recall(host: Host, session: Session, *, only: str = "", details: bool = True) -> Memory:
    """Return what a host remembers of its changes.

    Args:
        host: whom to ask.
        session: how.
        only: the change to tell of; empty for all.
        details: also what each kept, and what is there now.

    Raises:
        TransportError: it could not be asked.
    """
    with _connect(host, session) as transport:
        answer = _run(
            transport,
            Phase.HISTORY,
            Job(only or "none"),
            timeout=session.settings.command_timeout,
            only=only,
            details="yes" if details else "no",
        )
    if answer.problems:
        why, hint = words.explain(Job(only), answer.problems)
        raise ConnectError(f"{host.name}: {why}", hint=hint)
    if answer.end != "told":
        raise ConnectError(f"{host.name}: the answer was cut off", hint="try again")
    return read_memory(answer)


def put_back(
    host: Host, change: str, why: str, session: Session, *, terms: Terms, number: str
) -> Outcome:
    """Take a confirmed change back at once, and return REVERTED if that worked.

    Args:
        host: whose.
        change: the id of the change.
        why: what is wrong with it, for the outcome.
        session: how to reach the host.
        terms: how.
        number: the id of this rollback.

    Raises:
        TransportError: the host could not be reached.
    """
    bundles = to_undo(recall(host, session), change)
    way = way_back(bundles, number)
    if way.refused or not bundles:
        lost = way.refused or f"it does not remember {change}"
        return Outcome(host.name, Ending.FAILED, f"{why}; it could not be put back: {lost}")
    done = commit(host, way.job, session, terms=terms)
    if done.ending is not Ending.CONFIRMED:
        return replace(done, ending=Ending.FAILED, message=f"{why}; {done.message}")
    left = f"; but {'; '.join(way.cannot)}" if way.cannot else ""
    ending = Ending.FAILED if way.cannot else Ending.REVERTED
    return Outcome(host.name, ending, f"{why}{left}", bundle=change)


class _Course:
    """The course of one change."""

    def __init__(self, host: Host, job: Job, session: Session, terms: Terms, watch: Watch) -> None:
        self._host = host
        self._job = job
        self._session = session
        self._terms = terms
        self._watch = watch
        self._deadline = 0.0

    def run(self) -> Outcome:
        terms = self._terms
        with _connect(self._host, self._session) as transport:
            self._watch("begin")
            self._deadline = time.monotonic() + terms.revert_in
            try:
                answer = _run(
                    transport,
                    Phase.BEGIN,
                    self._job,
                    timeout=max(terms.revert_in, self._session.settings.command_timeout),
                    who=whoami(),
                    revert_in=str(terms.revert_in),
                )
            except TransportError as error:
                return self._settle(f"the connection was lost: {error.message}")
        match answer.end:
            case "pending":
                return self._confirm()
            case "untouched":
                return _refused(self._host, self._job, answer)
            case _:
                return self._judge(answer)

    def _confirm(self) -> Outcome:
        """Confirm over a new connection; that it comes about is the proof that matters."""
        self._watch("pending")
        last = "there was no time to connect"
        while time.monotonic() < self._deadline - _MARGIN:
            try:
                with _connect(self._host, self._session) as transport:
                    self._watch("confirm")
                    try:
                        answer = _run(transport, Phase.CONFIRM, self._job, timeout=120.0)
                    except TransportError as error:
                        return self._settle(f"the confirmation was cut off: {error.message}")
            except TransportError as error:
                last = error.message
                time.sleep(_PAUSE)
                continue
            return self._judge(answer)
        return self._settle(f"no new connection came about: {last}")

    def _judge(self, answer: Answer) -> Outcome:
        """Return the outcome of a script that ended, or settle one that did not."""
        why, hint = words.explain(self._job, answer.problems)
        match answer.end:
            case "confirmed":
                return self._outcome(Ending.CONFIRMED)
            case "reverted":
                return self._outcome(Ending.REVERTED, why or "it put itself back", hint)
            case "untouched":
                return self._outcome(Ending.FAILED, f"{why}; nothing was changed", hint)
            case _:
                return self._settle(why or "the answer was cut off", hint)

    def _settle(self, why: str, hint: str = "") -> Outcome:
        """Have the change brought to an end, or wait for the host to do so."""
        self._watch("settle")
        end = self._deadline + self._terms.grace
        answer = Answer()
        reached = False
        tries = 0
        while tries < _FEWEST or time.monotonic() < end:
            if tries:
                time.sleep(_PAUSE)
            tries += 1
            with contextlib.suppress(TransportError):
                answer = settle(self._host, self._job, self._session)
                reached = True
            match answer.end:
                case "confirmed":
                    return self._outcome(Ending.CONFIRMED)
                case "reverted":
                    return self._outcome(Ending.REVERTED, why, hint)
                case "untouched":
                    return self._outcome(Ending.FAILED, f"{why}; nothing was changed", hint)
        if reached:
            left = words.stuck(answer) or "it says nothing of it"
            return self._outcome(
                Ending.FAILED,
                f"{why}; it could not be put back yet: {left}",
                "the host goes on trying; tuner status tells how far it is",
            )
        return self._outcome(
            Ending.FAILED,
            f"{why}; it cannot be reached",
            "its own timer puts it back; tuner status asks it again",
        )

    def _outcome(self, ending: Ending, message: str = "", hint: str = "") -> Outcome:
        confirmed = ending is Ending.CONFIRMED
        return Outcome(
            self._host.name,
            ending,
            message,
            hint,
            bundle=self._job.id if ending in {Ending.CONFIRMED, Ending.REVERTED} else "",
            read_back={write.key: write.expect for write in self._job.writes} if confirmed else {},
        )


def _refused(host: Host, job: Job, answer: Answer) -> Outcome:
    why, hint = words.explain(job, answer.problems)
    return Outcome(host.name, Ending.FAILED, f"{why}; nothing was changed", hint)


def _connect(host: Host, session: Session) -> contextlib.AbstractContextManager[Transport]:
    if host.way is Way.DUMP:
        raise ConnectError(
            f"{host.name} is a dump: nothing can be changed there",
            hint="leave it out: --limit '!NAME'",
        )
    return session.connect(host)


def _run(
    transport: Transport, phase: Phase, job: Job, *, timeout: float, **settings: str
) -> Answer:
    nonce = make_nonce()
    done = transport.run(script(phase, job, nonce, **settings), timeout=timeout, limit=_LIMIT)
    return parse_answer(done.stdout, nonce)


def whoami() -> str:
    """Return who runs tuner, and where, for the host's records."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "unknown"
    return re.sub(r"[^A-Za-z0-9_.@-]", "_", f"{user}@{socket.gethostname()}")[:100]
