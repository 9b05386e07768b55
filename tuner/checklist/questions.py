"""The questions of every role: files of a folder in, checked items in a settled order out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import EnumType
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from pydantic import TypeAdapter

from tuner.checklist.evidence import EVIDENCE
from tuner.checklist.item import Concern, FindOut, Item, Witness
from tuner.documents import Document, near
from tuner.errors import ChecklistError
from tuner.policy.policy import Policy
from tuner.rules._check import registry
from tuner.snapshot.facts import Facts, Known

_SUFFIXES = {".yml", ".yaml"}
_CONCERN = TypeAdapter(Concern)
_STAMPED = ("id", "concern")
_FIELDS = (
    *(name for name in (*Concern.model_fields, *Item.model_fields) if name not in _STAMPED),
    *FindOut.model_fields,
    *Witness.model_fields,
)
_EVERY_ROLE = "base"


def load_items(folders: Sequence[Path], *, roles: Iterable[str]) -> tuple[Item, ...]:
    """Return the items of all folders in the order in which they are shown.

    An item of a later folder takes the place of an earlier one with the same id.

    Args:
        folders: each holds one YAML file per concern.
        roles: the names of all profiles.

    Raises:
        ChecklistError: a file cannot be read, or names a role, rule, fact, evidence or item that
            does not exist; with file, line and column.
    """
    documents: list[tuple[str, Document[Concern]]] = []
    for folder in folders:
        documents += [(str(path), parse_concern(_read(path), str(path))) for path in _files(folder)]
    known = frozenset(roles)
    items: dict[str, tuple[Item, Document[Concern]]] = {}
    here: dict[str, str] = {}
    for file, document in documents:
        concern = document.value
        for name, body in concern.items.items():
            if name in here and Path(here[name]).parent == Path(file).parent:
                document.fail(f"the item {name} is in {here[name]} already", "items", name)
            here[name] = file
            item = body.model_copy(update={"id": name, "concern": concern.title})
            _check(item, document, known)
            items.pop(name, None)  # what replaces it stands where its own concern does
            items[name] = (item, document)
    by_name = {name: item for name, (item, _) in items.items()}
    for item, document in items.values():
        _check_conditions(item, document, by_name)
    try:
        settled_order(tuple(by_name.values()))
    except CycleError as error:
        circle = error.args[1]
        last = max(circle, key=list(by_name).index)
        items[last][1].fail(
            f"items turn on each other in a circle: {' → '.join(circle)}", "items", last, "only_if"
        )
    ranks = {document.value.title: document.value.order for _, document in documents}
    ordered = [item for item, _ in items.values()]
    return tuple(sorted(ordered, key=lambda item: ranks[item.concern]))


def parse_concern(text: str, file: str) -> Document[Concern]:
    """Return one file's questions.

    Raises:
        ChecklistError: it is no YAML or lacks something; with file, line and column.
    """
    document = Document(text, _CONCERN, file=file, error=ChecklistError, names=_FIELDS)
    for name, item in document.value.items.items():
        for field in _STAMPED:
            if getattr(item, field):
                document.fail(f"there is no field {field!r}", "items", name, field)
        if not name or not set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-"):
            document.fail(
                f"{name[:40]!r} is no name for an item", "items", name, hint="as in nat-in-path"
            )
    return document


def settled_order(items: Sequence[Item]) -> tuple[Item, ...]:
    """Return the items so that each comes after those that its ``only_if`` turns on."""
    by_name = {item.id: item for item in items}
    graph = {item.id: [name for name in item.only_if if name in by_name] for item in items}
    return tuple(by_name[name] for name in TopologicalSorter(graph).static_order())


def items_for(items: Iterable[Item], policy: Policy) -> tuple[Item, ...]:
    """Return the items that concern hosts of this policy."""
    return tuple(
        item
        for item in items
        if _EVERY_ROLE in item.roles or policy.lineage.intersection(item.roles)
    )


def _check(item: Item, document: Document[Concern], roles: frozenset[str]) -> None:
    here = ("items", item.id)
    for number, role in enumerate(item.roles):
        if role not in roles:
            document.fail(
                f"there is no role {role!r}", *here, "roles", number, hint=near(role, roles)
            )
    facts = Facts.model_fields
    if item.fact and item.fact not in facts:
        document.fail(
            f"tuner_facts has no {item.fact!r}", *here, "fact", hint=near(item.fact, facts)
        )
    if item.fact:
        words = {str(it) for it in _words(facts[item.fact].annotation)} - {str(Known.UNKNOWN)}
        missing = sorted(words - set(item.answers))
        if missing:
            document.fail(
                f"tuner_facts.{item.fact} may be {missing[0]!r}, which is no answer here",
                *here,
                "answers",
            )
    if item.host is None:
        return
    for field in ("rules", "but"):
        for number, rule in enumerate(getattr(item.host, field)):
            if rule not in registry():
                place = (*here, "host", field, number)
                document.fail(f"there is no rule {rule!r}", *place, hint=near(rule, registry()))
    if item.host.evidence and item.host.evidence not in EVIDENCE:
        hint = near(item.host.evidence, EVIDENCE) or f"there are: {', '.join(EVIDENCE)}"
        document.fail(
            f"there is no evidence {item.host.evidence!r}", *here, "host", "evidence", hint=hint
        )


def _words(kind: object) -> Iterable[object]:
    return kind if isinstance(kind, EnumType) else ()


def _check_conditions(item: Item, document: Document[Concern], items: Mapping[str, Item]) -> None:
    here = ("items", item.id, "only_if")
    for name, answers in item.only_if.items():
        other = items.get(name)
        if other is None:
            document.fail(f"there is no item {name!r}", *here, name, hint=near(name, items))
        for number, answer in enumerate(answers):
            if answer not in other.answers:
                document.fail(
                    f"{answer!r} is no answer to {name}",
                    *(*here, name, number),
                    hint=f"its answers are {', '.join(other.answers)}",
                )


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix in _SUFFIXES)
    except OSError as error:
        raise ChecklistError(
            f"cannot read the folder of questions: {error.strerror}",
            file=str(folder),
            hint="check --checklists and its permissions",
        ) from None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ChecklistError(
            f"cannot read: {error.strerror}",
            file=str(path),
            hint="check the path and its permissions",
        ) from None
    except UnicodeDecodeError as error:
        raise ChecklistError(
            f"not UTF-8 (byte {error.start})", file=str(path), hint="save it as UTF-8"
        ) from None
