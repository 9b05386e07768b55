"""A policy: what the roles of a host expect of its settings, each line with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from functools import cached_property

from pydantic import BaseModel, ConfigDict, Field, model_validator

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

Bounds = tuple[int, int] | tuple[tuple[int, int] | None, ...]
"""Lowest and highest for every position of a vector, or a pair per position (None: any)."""

RELATIONS = ("exactly", "at_least", "at_most", "between", "one_of", "default")


class Expectation(BaseModel):
    """What one key should be: exactly one of the six relations, with reason and sources."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: Key
    exactly: str | None = None
    at_least: Numbers | None = None
    at_most: Numbers | None = None
    between: Bounds | None = None
    one_of: tuple[str, ...] | None = None
    default: bool = False  # the kernel's own default, whatever that is on the host's kernel
    per_gib: bool = False  # numbers of at_least and at_most are per GiB of memory
    required: bool = False  # the key's absence is a finding too
    severity: Severity = Severity.WARNING
    confidence: Confidence = Confidence.LIKELY
    why: str = Field(min_length=1)
    sources: tuple[str, ...] = Field(min_length=1)
    origin: str = ""  # profile:line that says so

    @model_validator(mode="after")
    def _has_one_relation(self) -> Expectation:
        given = [name for name in RELATIONS if _is_given(getattr(self, name))]
        if len(given) != 1:
            found = " and ".join(given) or "none"
            raise ValueError(f"give exactly one of {', '.join(RELATIONS)}; found {found}")
        if self.per_gib and given[0] not in {"at_least", "at_most"}:
            raise ValueError("per_gib goes with at_least and at_most only")
        for low, high in self.pairs():
            if low > high:
                raise ValueError(f"between runs from {low} down to {high}; the lower comes first")
        if self.one_of == ():
            raise ValueError("one_of needs at least one value")
        return self

    @cached_property
    def relation(self) -> str:
        """The name of the relation that is given."""
        return next(name for name in RELATIONS if _is_given(getattr(self, name)))

    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Return the pairs of ``between``, those for any number left out."""
        if self.between is None:
            return ()
        first, *rest = self.between
        if isinstance(first, int):
            return ((first, rest[0]),) if rest and isinstance(rest[0], int) else ()
        return tuple(pair for pair in self.between if isinstance(pair, tuple))


def _is_given(value: object) -> bool:
    return value is not None and value is not False  # 0 is a bound like any other


class LeaveAlone(BaseModel):
    """A key that the role deliberately does not set, and why nothing needs doing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: Key
    confidence: Confidence = Confidence.LIKELY
    why: str = Field(min_length=1)
    sources: tuple[str, ...] = Field(min_length=1)
    origin: str = ""


class Avoid(BaseModel):
    """Values that guides recommend and this role should not have.

    It judges nothing by itself: ``rule`` names the rule that does, where there is one. A key may
    be left alone and have values to avoid; one that is expected says it all by its expectation.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: Key
    values: str = Field(min_length=1)  # in words: "1", "below the default"
    rule: str = ""
    confidence: Confidence = Confidence.LIKELY
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
    avoid: Mapping[Key, Avoid] = field(default_factory=dict)
