"""How one host came out of an apply or a rollback."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tuner.sysctl.key import Key


class Ending(StrEnum):
    """The four ways in which a host can come out."""

    UNCHANGED = "unchanged"  # nothing was to be done, nothing was written
    CONFIRMED = "confirmed"  # everything is as planned, seen over a new connection
    REVERTED = "reverted"  # it was put back as it was
    FAILED = "failed"  # neither: what is known is in the message


@dataclass(frozen=True, slots=True)
class Outcome:
    """One host's ending. ``bundle`` is the id under which the host keeps what it had before."""

    host: str
    ending: Ending
    message: str = ""
    hint: str = ""
    bundle: str = ""
    read_back: Mapping[Key, str] = field(default_factory=dict)
