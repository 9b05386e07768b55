"""SARIF 2.1.0, as code scanning reads it (OASIS Standard, 27 March 2020).

One result a cause, not one a host: ten thousand hosts with the same finding from the same file are
one result, with the first hundred as logical locations and all of them as ranges in ``properties``.
Its place is the line that causes it; where no file does, it is the setting below /proc/sys.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tuner.report._clean import clean, clean_hint
from tuner.report._command import Commands
from tuner.report._report import Block, Cause, Outcome, Report, fold
from tuner.report._sarif import SCHEMA, plain, relative, rule_descriptor, unknown_rule
from tuner.report._words import LONGEST, cause_facts, message, names
from tuner.rules._finding import Finding
from tuner.rules._rule import Rule
from tuner.sysctl.key import key_path

MOST_HOSTS = 100
"""Hosts of a result that are logical locations; code scanning shows no more of them."""

MOST_RANGES = 1000
"""Names and ranges in a result's ``properties``."""

_BASE = "HOST"
_COMMAND = 4000  # characters
_NAMES = 6
_COMPLETE = {0, 1}


def render_sarif(report: Report, rules: Mapping[str, Rule], *, exit_code: int) -> Iterator[str]:
    """Yield the log in pieces.

    Args:
        report: what was found.
        rules: every rule by its id; each is described, found or not.
        exit_code: what the run ends with.
    """
    known = {name: rule_descriptor(rule) for name, rule in rules.items()}
    for cause in report.causes:
        known.setdefault(cause.finding.rule, unknown_rule(cause.finding))
    index = {name: number for number, name in enumerate(known)}
    driver = {
        "name": "tuner",
        "semanticVersion": report.version,
        "version": report.version,
        "rules": list(known.values()),
        "notifications": list(_NOTIFICATIONS.values()),
    }
    yield f'{{"$schema": {json.dumps(SCHEMA)}, "version": "2.1.0",\n'
    yield f'"runs": [{{"tool": {{"driver": {json.dumps(driver)}}},\n'
    yield f'"automationDetails": {json.dumps({"id": "tuner/"})},\n'
    yield f'"originalUriBaseIds": {json.dumps(_BASES)},\n'
    yield '"columnKind": "unicodeCodePoints",\n'
    yield f'"invocations": [{json.dumps(_invocation(report, exit_code))}],\n'
    yield '"results": ['
    commands = Commands(report)
    compared = report.baseline is not None
    for number, cause in enumerate(report.causes):
        row = _result(cause, index[cause.finding.rule], commands, compared=compared)
        yield ("," if number else "") + "\n" + json.dumps(row)
    yield "]}]}\n"


_BASES = {
    _BASE: {
        "uri": "file:///",
        "description": {"text": "The root directory of the hosts that a result names."},
    }
}
_NOTIFICATIONS = {
    name: {
        "id": name,
        "name": name.capitalize(),
        "shortDescription": {"text": text},
        "fullDescription": {"text": text},
        "help": {"text": text},
    }
    for name, text in {
        "unreachable": "A host was not asked, or gave no usable answer.",
        "unjudged": "A rule could not see what it needs on a host, or a dump cannot be read.",
        "interrupted": "The run was interrupted before every host had answered.",
    }.items()
}


def _result(cause: Cause, index: int, commands: Commands, *, compared: bool) -> dict[str, Any]:
    finding = cause.finding
    told = cause_facts(cause)
    said = " · ".join(
        words if name == "decided by" else f"{name} {words}" for name, words in told.items()
    )
    row = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": str(finding.severity),
        "message": {
            "text": plain(
                (f"{clean(finding.key)}: " if finding.key else "")
                + message(finding)
                + (f" ({said})" if said else "")
                + f" On {names(cause.hosts, _NAMES)}."
            )
        },
        "locations": [_location(cause)],
        "partialFingerprints": {
            # The first name is the one that GitHub compares; the second says what it is.
            "primaryLocationLineHash": f"{cause.id}:1",
            "tunerCause/v1": cause.id,
        },
        "occurrenceCount": len(cause.hosts),
        "properties": {
            "kind": finding.kind,
            "confidence": finding.confidence,
            "key": clean(finding.key) if finding.key else None,
            "state": finding.state,
            "note": clean(finding.note, longest=LONGEST) or None,
            "facts": told,
            "hosts": _ranges(cause.hosts),
            "groups": [block.id for block in cause.blocks][:MOST_RANGES],
            "command": _command(cause, commands),
        },
    }
    if finding.parts:
        row["relatedLocations"] = [
            {
                "id": number,
                "physicalLocation": _physical(part),
                "message": {"text": plain(f"{clean(part.key or part.rule)}: {message(part)}")},
            }
            for number, part in enumerate(finding.parts, start=1)
        ]
    if compared:
        row["baselineState"] = "unchanged" if cause.known else "new"
    if cause.waiver is not None:
        waiver = cause.waiver
        row["suppressions"] = [
            {
                "kind": "external",
                "status": "accepted",
                "justification": f"{clean(waiver.reason, longest=LONGEST)} "
                f"({clean(waiver.owner)}, until {waiver.until.isoformat()})",
            }
        ]
    return row


def _location(cause: Cause) -> dict[str, Any]:
    return {
        "physicalLocation": _physical(cause.finding),
        "logicalLocations": _hosts(cause.hosts),
    }


def _physical(finding: Finding) -> dict[str, Any]:
    path = finding.path
    if not path:
        path = f"/proc/sys/{key_path(finding.key)}" if finding.key else "/proc/net"
    return {
        "artifactLocation": {"uri": relative(path), "uriBaseId": _BASE},
        "region": {"startLine": finding.line or 1},
    }


def _hosts(hosts: Sequence[str]) -> list[dict[str, str]]:
    return [
        {"name": clean(host), "fullyQualifiedName": clean(host), "kind": "resource"}
        for host in hosts[:MOST_HOSTS]
    ]


def _ranges(hosts: Sequence[str]) -> list[str]:
    return [clean(name) for name in fold(hosts)[:MOST_RANGES]]


def _command(cause: Cause, commands: Commands) -> str:
    command = commands.on(cause.hosts)
    return command if 0 < len(command) <= _COMMAND else f"tuner explain {cause.finding.rule}"


def _invocation(report: Report, exit_code: int) -> dict[str, Any]:
    return {
        # Whoever reads only this must not take "could not look" for "clean".
        "executionSuccessful": exit_code in _COMPLETE,
        "exitCode": exit_code,
        "startTimeUtc": report.started,
        "endTimeUtc": report.finished,
        "toolExecutionNotifications": list(_notifications(report)),
    }


def _notifications(report: Report) -> Iterator[dict[str, Any]]:
    if report.interrupted:
        yield _notification("interrupted", "error", "The run was interrupted.", ())
    unjudged: dict[tuple[str, str, str], list[Block]] = {}
    for block in report.blocks:
        failure, verdict = block.like.failure, block.like.verdict
        if failure is not None:
            text = f"{clean(failure.kind)}: {clean(failure.message, longest=LONGEST)}"
            if failure.hint:
                text += f" ({clean_hint(failure.hint)})"
            name = "unreachable" if block.outcome is Outcome.UNREACHABLE else "unjudged"
            yield _notification(name, "error", text, block.hosts)
        for one in verdict.skipped if verdict else ():
            said = (one.rule, clean(one.reason), clean(one.hint))
            unjudged.setdefault(said, []).append(block)
    for (rule, reason, hint), members in sorted(unjudged.items(), key=lambda item: item[0]):
        hosts = [name for block in members for name in block.hosts]
        text = f"{rule} could not see {reason}" + (f" ({hint})." if hint else ".")
        yield {
            **_notification("unjudged", "warning", text, hosts),
            "associatedRule": {"id": rule},
        }


def _notification(name: str, level: str, text: str, hosts: Iterable[str]) -> dict[str, Any]:
    hosts = tuple(hosts)
    found: dict[str, Any] = {
        "descriptor": {"id": name, "index": list(_NOTIFICATIONS).index(name)},
        "level": level,
        "message": {"text": plain(f"{text} On {names(hosts, _NAMES)}." if hosts else text)},
    }
    if hosts:
        found["locations"] = [{"logicalLocations": _hosts(hosts)}]
        found["properties"] = {"hosts": _ranges(hosts)}
    return found
