"""One question of a checklist: for which roles, who may answer it, and which answers are bad."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from tuner.rules._finding import Kind

_SECONDS = re.compile(r"[1-9][0-9]{0,7}")
_PORTS = re.compile(r"[0-9]{1,5}(?:[ ,]+[0-9]{1,5})*")
_LAST_PORT = 65535
LONGEST = 200
"""Characters of an answer in free text."""


def _listed(given: object) -> object:
    return (given,) if isinstance(given, str) else given


Words = Annotated[tuple[str, ...], BeforeValidator(_listed)]
"""One word, or a list of them."""


class Form(StrEnum):
    """What an answer looks like."""

    CHOICE = "choice"  # one of ``answers``
    SECONDS = "seconds"  # a whole number, or one of ``answers``
    PORTS = "ports"  # TCP ports, or one of ``answers``
    TEXT = "text"  # free, such as a name


class FindOut(BaseModel):
    """One way to find the answer: what to do, and the command where there is one."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_min_length=1)

    how: str
    run: str | None = None


class Witness(BaseModel):
    """What on the host answers the question, or shows that an answer is wrong: one of the three."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rules: Words = ()  # yes where none of them finds a warning or worse
    kinds: Annotated[
        tuple[Kind, ...], BeforeValidator(_listed)
    ] = ()  # the same for every rule of these kinds
    but: Words = ()  # rules of these kinds that have an item of their own
    evidence: str = ""  # a function of tuner/checklist/evidence.py

    @model_validator(mode="after")
    def _is_one(self) -> Witness:
        if sum(map(bool, (self.rules, self.kinds, self.evidence))) != 1:
            raise ValueError("give exactly one of rules, kinds, evidence")
        if self.but and not self.kinds:
            raise ValueError("but goes with kinds")
        return self


class Item(BaseModel):
    """A question. ``id`` and ``concern`` come from where it stands in its file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = ""
    concern: str = ""
    roles: Words = Field(min_length=1)  # base: every role
    question: str = Field(min_length=1)
    form: Form = Form.CHOICE
    answers: Words = ()
    against: Words = ()  # answers that speak against deploying
    instead: str = ""  # what to do where the answer is against
    only_if: Mapping[str, Words] = Field(default_factory=dict)
    fact: str = ""  # the field of tuner_facts that answers it
    host: Witness | None = None
    find_out: tuple[FindOut, ...] = ()
    why: str = Field(min_length=1)
    sources: Words = Field(min_length=1)

    @model_validator(mode="after")
    def _fits_together(self) -> Item:
        if self.form is Form.CHOICE and len(self.answers) < 2:  # noqa: PLR2004 - a choice
            raise ValueError("answers: a choice needs at least two (or another form)")
        stray = sorted(set(self.against) - set(self.answers))
        if stray:
            raise ValueError(f"against: {stray[0]!r} is not one of the answers")
        if self.against and not self.instead:
            raise ValueError("an answer that is against needs an 'instead': what to do about it")
        judging = self.host is not None and not self.host.evidence
        if judging and not {"yes", "no"} <= set(self.answers):
            raise ValueError("answers: rules and kinds answer yes or no")
        if self.host is None and self.host_alone:
            raise ValueError("find_out: say how a person finds the answer")
        return self

    @property
    def host_alone(self) -> bool:
        """Whether nobody but the host can answer: people are told no way to find out."""
        return not self.find_out

    def refusal(self, answer: str) -> str:
        """Return why that is no answer to this question, empty where it is one."""
        if answer in self.answers:
            return ""
        words = ", ".join(self.answers)
        match self.form:
            case Form.CHOICE:
                return f"the answer to {self.id} is one of {words}, not {answer[:40]!r}"
            case Form.SECONDS if not _SECONDS.fullmatch(answer):
                more = f" or one of {words}" if words else ""
                return f"the answer to {self.id} is a number of seconds{more}, not {answer[:40]!r}"
            case Form.PORTS if not _ports(answer):
                more = f" or one of {words}" if words else ""
                return f"the answer to {self.id} is TCP ports{more}, not {answer[:40]!r}"
            case Form.TEXT if not answer.strip() or len(answer) > LONGEST:
                return f"the answer to {self.id} has 1 to {LONGEST} characters"
        return ""


class Concern(BaseModel):
    """One file of questions."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(min_length=1)
    order: int = 100  # concerns are shown in this order, then by file name
    items: Mapping[str, Item] = Field(min_length=1)


def ports_of(answer: str) -> tuple[int, ...]:
    """Return the ports that an answer of the form ``ports`` names, none for a word."""
    return _ports(answer) or ()


def _ports(answer: str) -> tuple[int, ...] | None:
    if not _PORTS.fullmatch(answer):
        return None
    ports = tuple(int(word) for word in answer.replace(",", " ").split())
    return ports if all(0 < port <= _LAST_PORT for port in ports) else None
