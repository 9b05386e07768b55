"""The checklist for machines; its shape is ``schema/checklist-1.json``."""

from __future__ import annotations

import json
from typing import Any

from tuner.checklist.answer import Answer
from tuner.checklist.checklist import Checklist
from tuner.checklist.item import Item
from tuner.report import _checklist as words

SCHEMA_VERSION = 1


def render_checklist_json(checklist: Checklist, *, exit_code: int) -> str:
    """Return the whole document."""
    items = {line.item.id: line.item for section in checklist.sections for line in section.lines}
    document = {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "tuner", "version": checklist.version},
        "made": checklist.made,
        "inventory": checklist.inventory or None,
        "attestations": checklist.attestations or None,
        "interrupted": checklist.interrupted,
        "exit_code": exit_code,
        "ready": checklist.settled and not checklist.incomplete and not checklist.interrupted,
        "counts": {str(standing): number for standing, number in checklist.counts.items()},
        "items": {name: _item(item) for name, item in items.items()},
        "sections": [
            {
                "roles": section.roles,
                "hosts": [host.name for host in section.hosts],
                "lines": [
                    {
                        "item": line.item.id,
                        "standing": line.standing,
                        "groups": [
                            {**_answer(group.answer), "hosts": group.hosts} for group in line.groups
                        ],
                    }
                    for line in section.lines
                ],
            }
            for section in checklist.sections
        ],
        "hosts": [
            {
                "name": host.name,
                "roles": host.roles,
                "kernel": host.kernel or None,
                "os": host.os or None,
                "error": host.failure or None,
            }
            for host in checklist.hosts
        ],
        "change": _change(checklist),
    }
    return json.dumps(document, indent=1) + "\n"


def _item(item: Item) -> dict[str, Any]:
    return {
        "concern": item.concern,
        "question": item.question,
        "form": item.form,
        "answers": item.answers,
        "against": item.against,
        "instead": item.instead or None,
        "why": item.why,
        "find_out": [{"how": way.how, "run": way.run} for way in item.find_out],
        "sources": item.sources,
    }


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        "standing": answer.standing,
        "answer": answer.answer or None,
        "by": answer.by,
        "who": answer.who or None,
        "when": answer.when.isoformat() if answer.when else None,
        "until": answer.until.isoformat() if answer.until else None,
        "note": answer.note or None,
        "because": answer.because or None,
        "evidence": answer.evidence,
    }


def _change(checklist: Checklist) -> dict[str, Any] | None:
    ticket = checklist.ticket
    if ticket is None:
        return None
    return {
        "plan": ticket.file,
        "digest": ticket.digest,
        "unchecked": checklist.unchecked,
        "unplanned": [{"host": host, "reason": why} for host, why in ticket.unplanned.items()],
        "commands": {name.lower(): line for name, line in words.commands(checklist)},
        "parts": [
            {
                "hosts": part.hosts,
                "machine": part.machine,
                "roles": part.plan.roles,
                "changes": [change.model_dump(mode="json") for change in part.plan.changes],
                "files": [{"path": file.path, "verb": file.verb} for file in part.plan.files],
                "left": [left.model_dump(mode="json") for left in part.plan.left],
                "risks": part.risks,
            }
            for part in words.parts(checklist)
        ],
    }
