"""Who answers a question, who is believed, and when it is open again: the truth table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from tuner.checklist.answer import Answer, By, Standing
from tuner.checklist.attestation import Attestation, Attestations
from tuner.checklist.evidence import Scene, Shown, applies, hear
from tuner.checklist.item import Item
from tuner.errors import Unreadable
from tuner.snapshot.facts import Facts, Known


def settle(
    items: Sequence[Item],
    *,
    host: str,
    scene: Scene | None,
    facts: Facts,
    attestations: Attestations,
    today: date,
    failure: str = "",
) -> tuple[Answer, ...]:
    """Return one answer for every item, in the order of ``items``.

    The host is believed first, then the inventory, then people. An answer that the host or the
    inventory shows to be wrong counts for nothing: its question is open again.

    Args:
        items: the host's questions, each after those that its ``only_if`` turns on.
        host: the host's name.
        scene: what the host shows; None where it could not be asked.
        facts: what the inventory declares of it.
        attestations: what people say, bound to hosts.
        today: UTC; what was said until yesterday has expired.
        failure: why there is no scene.
    """
    answers: dict[str, Answer] = {}
    for item in items:
        if item.host is not None and not applies(item.host):
            continue
        answers[item.id] = _condition(item, answers) or _answer(
            item,
            scene,
            str(getattr(facts, item.fact)) if item.fact else "",
            attestation=attestations.of(host, item.id, today),
            today=today,
            failure=failure,
        )
    return tuple(answers.values())


def _condition(item: Item, answers: Mapping[str, Answer]) -> Answer | None:
    """Return the answer of an item that another one makes pointless or leaves open."""
    for name, wanted in item.only_if.items():
        other = answers.get(name)
        if other is None:  # that question does not concern this role
            continue
        if other.standing in {Standing.ANSWERED, Standing.AGAINST}:
            if other.answer not in wanted:
                return Answer(item.id, Standing.MOOT, because=f"{name} is {other.answer}")
        elif other.standing is Standing.MOOT:
            return Answer(item.id, Standing.MOOT, because=other.because)
        else:
            return Answer(item.id, Standing.WAITING, because=f"it turns on {name}")
    return None


def _answer(
    item: Item,
    scene: Scene | None,
    fact: str,
    *,
    attestation: Attestation | None,
    today: date,
    failure: str,
) -> Answer:
    said = None if attestation is None else _said(item, attestation)
    valid = said if attestation is not None and not attestation.expired(today) else None
    claim = _declared(item, fact) or valid
    try:
        shown = _shown(item, scene, claim.answer if claim else "")
    except Unreadable as missing:
        unseen = f"could not see {missing.message}"
        if scene is None:
            unseen = f"the host could not be asked: {failure}"
        if claim is None and item.host_alone:
            return Answer(item.id, Standing.UNSEEN, because=unseen)
        shown = Shown(says=(unseen,))
    if claim is not None:
        differs = shown.contradicts
        if valid is not None and valid.answer != claim.answer:
            claim, differs = valid, f"the inventory says {item.fact}: {claim.answer}"
        standing = Standing.CONTRADICTED if differs else Standing.ANSWERED
        return _judged(item, replace(claim, standing=standing, because=differs), shown)
    if shown.answer:
        return _judged(item, Answer(item.id, Standing.ANSWERED, shown.answer, By.HOST), shown)
    if said is not None:
        ended = f"the answer was to be believed until {said.until}"
        expired = replace(said, standing=Standing.EXPIRED, because=ended)
        return replace(expired, evidence=shown.says)
    return Answer(item.id, Standing.OPEN, because="nobody has answered", evidence=shown.says)


def _judged(item: Item, answer: Answer, shown: Shown) -> Answer:
    """Return the answer with the host's evidence, and against where it speaks against."""
    if answer.standing is Standing.ANSWERED and (shown.against or answer.answer in item.against):
        answer = replace(answer, standing=Standing.AGAINST, because=shown.against)
    return replace(answer, evidence=shown.says)


def _shown(item: Item, scene: Scene | None, claim: str) -> Shown:
    if item.host is None:
        return Shown()
    if scene is None:
        raise Unreadable("the host")
    return hear(item.host, scene, claim)


def _declared(item: Item, fact: str) -> Answer | None:
    if fact in {"", Known.UNKNOWN}:
        return None
    return Answer(item.id, Standing.ANSWERED, fact, By.INVENTORY)


def _said(item: Item, attestation: Attestation) -> Answer:
    return Answer(
        item.id,
        Standing.ANSWERED,
        attestation.answer,
        By.PERSON,
        who=attestation.who,
        when=attestation.when,
        until=attestation.until,
        note=attestation.note,
    )
