"""Answers that people give and sign, in a file beside the inventory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from tuner.checklist.item import Item
from tuner.documents import Document, near, scalar
from tuner.errors import ChecklistError, InventoryError
from tuner.inventory.scope import Scopes

FILE = "attestations.yml"
"""What the file is called where nobody names another: it lies beside the inventory."""

_HEAD = """\
# Answers to `tuner checklist` that no probe can give. One entry an answer: which item, for which
# hosts, what, who says so, when, and until when it may be believed. A later `when` wins.
"""


class Attestation(BaseModel):
    """One answer. It counts on its days ``when`` to ``until``, both included (UTC)."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    item: str = Field(min_length=1, max_length=100)
    scope: str = Field(default="all", min_length=1, max_length=2000)
    answer: str = Field(min_length=1, max_length=200)
    who: str = Field(min_length=1, max_length=200)
    when: date
    until: date
    note: str = Field(default="", max_length=2000)

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Attestation:
        if self.until < self.when:
            raise ValueError(f"until {self.until} is before when {self.when}")
        return self

    def expired(self, today: date) -> bool:
        """Tell whether its last day has passed."""
        return self.until < today


_SHAPE = TypeAdapter(tuple[Attestation, ...])


class Attestations:
    """The answers of one file, and which of them concern a host."""

    def __init__(self, document: Document[tuple[Attestation, ...]] | None = None) -> None:
        self._document = document
        self._all = document.value if document else ()
        self._by_host: Mapping[str, Mapping[str, tuple[Attestation, ...]]] = {}

    def __len__(self) -> int:
        return len(self._all)

    def bind(self, scopes: Scopes, *, whole: bool) -> None:
        """Find out which hosts each answer is about.

        Args:
            scopes: the hosts at hand.
            whole: these are all hosts of the inventory, so that a scope which means none is a slip.

        Raises:
            ChecklistError: a scope is malformed, or means no host though all are at hand.
        """
        bound: dict[str, dict[str, tuple[Attestation, ...]]] = {}
        for number, attestation in enumerate(self._all):
            try:
                matched = scopes.find(attestation.scope)
            except InventoryError as error:
                self._fail(error.message, number, "scope", hint=error.hint)
                continue
            if whole and matched.unmatched:
                term = matched.unmatched[0]
                hint = scopes.near(term) or "a scope takes hosts, groups, role=NAME and patterns"
                self._fail(f"{term!r} means no host of the inventory", number, "scope", hint=hint)
            for name in matched.names:
                of_host = bound.setdefault(name, {})
                of_host[attestation.item] = (*of_host.get(attestation.item, ()), attestation)
        self._by_host = bound

    def of(self, host: str, item: str, today: date) -> Attestation | None:
        """Return the answer that counts: valid before expired, then the latest; None for none."""
        found = self._by_host.get(host, {}).get(item, ())
        if not found:
            return None
        ranked = enumerate(found)
        return max(ranked, key=lambda it: (not it[1].expired(today), it[1].when, it[0]))[1]

    def _fail(self, problem: str, number: int, field: str, *, hint: str) -> None:
        if self._document is not None:
            self._document.fail(problem, number, field, hint=hint)


def parse_attestations(
    text: str, items: Sequence[Item], *, today: date, file: str = ""
) -> Attestations:
    """Return the answers of a file.

    Raises:
        ChecklistError: with file, line and column: no YAML, a missing field, an unknown item, an
            answer that is none, or one given in the future.
    """
    if not text.strip() or all(
        not line.strip() or line.lstrip().startswith("#") for line in text.splitlines()
    ):
        return Attestations()
    document = Document(
        text, _SHAPE, file=file, error=ChecklistError, names=Attestation.model_fields
    )
    known = {item.id: item for item in items}
    for number, attestation in enumerate(document.value):
        item = known.get(attestation.item)
        if item is None:
            document.fail(
                f"there is no item {attestation.item!r}",
                *(number, "item"),
                hint=near(attestation.item, known) or "tuner checklist --list names every item",
            )
        problem = refusal(attestation, item, today)
        if problem:
            field = "when" if attestation.when > today else "answer"
            document.fail(problem, number, field)
    return Attestations(document)


def refusal(attestation: Attestation, item: Item, today: date) -> str:
    """Return why an answer cannot be accepted at all, empty where it can."""
    if attestation.when > today:
        return f"when {attestation.when} lies in the future"
    if item.host_alone:
        return f"{item.id} is answered by the host alone; a finding is lived with by a waiver"
    return item.refusal(attestation.answer)


def added(text: str, attestation: Attestation) -> str:
    """Return the file's text with one answer more at its end; nothing in it is changed."""
    before = text
    if not before.strip():
        before = _HEAD
    if before.strip() == "[]":
        before = ""
    if not before.endswith("\n"):
        before += "\n"
    rows = attestation.model_dump(mode="json", exclude_defaults=True)
    rows = {"item": rows["item"], "scope": attestation.scope, **rows}
    lines = [f"{name}: {scalar(str(value))}" for name, value in rows.items()]
    return f"{before}- {lines[0]}\n" + "".join(f"  {line}\n" for line in lines[1:])
