"""What became of one question on one host: who answered, with what, and why it is open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Standing(StrEnum):
    """Where a question stands. The names are stable: scripts compare them."""

    ANSWERED = "answered"
    AGAINST = "against"  # answered, and the answer speaks against deploying
    OPEN = "open"  # nobody has answered
    EXPIRED = "expired"  # a person answered, and the answer's day has passed
    CONTRADICTED = "contradicted"  # a person answered, and the host or the inventory differs
    UNSEEN = "unseen"  # the host was to answer, and could not be asked or could not tell
    WAITING = "waiting"  # it turns on another question, which is not settled
    MOOT = "moot"  # another answer makes the question pointless

    @property
    def settled(self) -> bool:
        """Whether nothing is left to do about it."""
        return self in {Standing.ANSWERED, Standing.MOOT}

    @property
    def open(self) -> bool:
        """Whether somebody has yet to answer."""
        return self in {Standing.OPEN, Standing.EXPIRED, Standing.CONTRADICTED}


class By(StrEnum):
    """Who gave the answer."""

    HOST = "host"
    INVENTORY = "inventory"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Answer:
    """One question's answer on one host.

    ``evidence`` is what the host shows, whoever answers. ``because`` says why the question is
    not answered. Where an answer has expired or is contradicted, ``answer`` is what was said.
    """

    item: str
    standing: Standing
    answer: str = ""
    by: By | None = None
    who: str = ""  # of a person's answer
    when: date | None = None
    until: date | None = None
    note: str = ""
    evidence: tuple[str, ...] = ()
    because: str = ""
