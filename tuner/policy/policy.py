"""A policy: what the roles of a host expect of its settings, each line with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from pydantic import BaseModel, ConfigDict, Field

from tuner.sysctl.key import Key


class Severity(IntEnum):
    """How bad it is. The names are SARIF's levels."""

    NOTE = 1
    WARNING = 2
    ERROR = 3

    def __str__(self) -> str:
        return self.name.lower()


class Confidence(StrEnum):
    """How sure the judgement is, apart from how bad it would be."""

    PROVEN = "proven"  # read in the kernel's source or measured, and seen on this host
    LIKELY = "likely"  # follows from what is seen, with an exception that cannot be seen
    POSSIBLE = "possible"  # turns on something that nobody can see from the host


Numbers = int | tuple[int | None, ...]
"""One number for every position of a vector, or one per position (None: any)."""


class Expectation(BaseModel):
    """What one key should be: exactly one of the six relations, with reason and sources."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: Key
    exactly: str | None = None
    at_least: Numbers | None = None
    at_most: Numbers | None = None
    between: tuple[int, int] | None = None
    one_of: tuple[str, ...] | None = None
    default: bool = False  # the kernel's own default, whatever that is on the host's kernel
    per_gib: bool = False  # numbers of at_least and at_most are per GiB of memory
    required: bool = False  # the key's absence is a finding too
    severity: Severity = Severity.WARNING
    confidence: Confidence = Confidence.LIKELY
    why: str = Field(min_length=1)
    sources: tuple[str, ...] = Field(min_length=1)
    origin: str = ""  # profile:line that says so


class LeaveAlone(BaseModel):
    """A key that the role deliberately does not set, and why nothing needs doing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: Key
    why: str = Field(min_length=1)
    sources: tuple[str, ...] = Field(min_length=1)
    origin: str = ""


@dataclass(frozen=True)
class Policy:
    """The resolved policy of a host: all its roles and what they extend, in one."""

    roles: tuple[str, ...]  # as the inventory names them
    lineage: frozenset[str]  # those and every profile they extend
    expectations: Mapping[Key, Expectation]
    leave_alone: Mapping[Key, LeaveAlone]
