"""SARIF 2.1.0, as code scanning reads it (OASIS Standard, 27 March 2020).

One result a cause, not one a host: ten thousand hosts with the same finding from the same file are
one result, with the first hundred as logical locations and all of them as ranges in ``properties``.
Its place is the line that causes it; where no file does, it is the setting below /proc/sys.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from tuner.policy.policy import Confidence, Severity
from tuner.report._clean import clean
from tuner.report._command import Commands
from tuner.report._report import Block, Cause, Report, fold
from tuner.report._words import LONGEST, cause_facts, message, names, unseen
from tuner.report.manual.rule import rule_page, sections
from tuner.rules._finding import Finding
from tuner.rules._rule import Rule
from tuner.sysctl.key import key_path

MOST_HOSTS = 100
"""Hosts of a result that are logical locations; code scanning shows no more of them."""

MOST_RANGES = 1000
"""Names and ranges in a result's ``properties``."""

_BASE = "HOST"
_COMMAND = 4000  # characters
_PRECISION = {
    Confidence.PROVEN: "very-high",
    Confidence.LIKELY: "high",
    Confidence.POSSIBLE: "medium",
}
_PROBLEM = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.NOTE: "recommendation",
}
_NAMES = 6
_LINK = re.compile(r"\[(?=[^\]]*\]\()")
_PLACEHOLDER = re.compile(r"\{(\d+)\}")
_COMPLETE = {0, 1}


def render_sarif(report: Report, rules: Mapping[str, Rule], *, exit_code: int) -> Iterator[str]:
    """Yield the log in pieces.

    Args:
        report: what was found.
        rules: every rule by its id; each is described, found or not.
        exit_code: what the run ends with.
    """
    known = {name: _rule(rule) for name, rule in rules.items()}
    for cause in report.causes:
        known.setdefault(cause.finding.rule, _unknown_rule(cause.finding))
    index = {name: number for number, name in enumerate(known)}
    driver = {
        "name": "tuner",
        "semanticVersion": report.version,
        "version": report.version,
        "rules": list(known.values()),
        "notifications": list(_NOTIFICATIONS.values()),
    }
    yield '{"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",\n'
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
        "unjudged": "A rule could not see what it needs on a host.",
        "interrupted": "The run was interrupted before every host had answered.",
    }.items()
}


def _rule(rule: Rule) -> dict[str, Any]:
    why = sections(rule).get("Why it is wrong", "")
    return {
        "id": rule.id,
        "name": _pascal(rule.id),
        "shortDescription": {"text": f"{rule.title}."},
        "fullDescription": {"text": " ".join(why.split()) or f"{rule.title}."},
        "help": {
            "text": inspect.cleandoc(rule.doc),
            "markdown": rule_page(rule, lambda _: None),
        },
        "defaultConfiguration": {"level": str(rule.severity)},
        "properties": {
            "kind": rule.kind,
            "confidence": rule.confidence,
            "precision": _PRECISION[rule.confidence],
            "problem.severity": _PROBLEM[rule.severity],
            "tags": ["network", "sysctl", str(rule.kind)],
        },
    }


def _pascal(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("-"))


def _unknown_rule(finding: Finding) -> dict[str, Any]:
    """Describe what is reported under a name that no rule has."""
    text = f"{finding.rule.replace('-', ' ').capitalize()}."
    return {
        "id": finding.rule,
        "name": _pascal(finding.rule),
        "shortDescription": {"text": text},
        "fullDescription": {"text": text},
        "help": {"text": text, "markdown": f"{text}\n"},
        "defaultConfiguration": {"level": str(finding.severity)},
        "properties": {
            "kind": finding.kind,
            "confidence": finding.confidence,
            "precision": _PRECISION[finding.confidence],
            "problem.severity": _PROBLEM[finding.severity],
            "tags": ["network", "sysctl", str(finding.kind)],
        },
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
            "text": _plain(
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
                "message": {"text": _plain(f"{clean(part.key or part.rule)}: {message(part)}")},
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
        "artifactLocation": {"uri": _relative(path), "uriBaseId": _BASE},
        "region": {"startLine": finding.line or 1},
    }


def _relative(path: str) -> str:
    """Return the path below the root as a relative URI reference."""
    parts = quote(clean(path).lstrip("/"), safe="/").split("/")
    # Dots would climb out of the root when a reader resolves them.
    return "/".join(part.replace(".", "%2E") if part in {".", ".."} else part for part in parts)


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
    unjudged: dict[tuple[str, str], list[Block]] = {}
    for block in report.blocks:
        failure, verdict = block.like.failure, block.like.verdict
        if failure is not None:
            text = f"{clean(failure.kind)}: {clean(failure.message, longest=LONGEST)}"
            if failure.hint:
                text += f" ({clean(failure.hint, longest=LONGEST)})"
            yield _notification("unreachable", "error", text, block.hosts)
        for reason, rules in unseen(verdict).items() if verdict else ():
            for rule in rules:
                unjudged.setdefault((rule, reason), []).append(block)
    for (rule, reason), members in sorted(unjudged.items(), key=lambda item: item[0]):
        hosts = [name for block in members for name in block.hosts]
        text = f"{rule} could not see {reason}."
        yield {
            **_notification("unjudged", "warning", text, hosts),
            "associatedRule": {"id": rule},
        }


def _notification(name: str, level: str, text: str, hosts: Iterable[str]) -> dict[str, Any]:
    hosts = tuple(hosts)
    found: dict[str, Any] = {
        "descriptor": {"id": name, "index": list(_NOTIFICATIONS).index(name)},
        "level": level,
        "message": {"text": _plain(f"{text} On {names(hosts, _NAMES)}." if hosts else text)},
    }
    if hosts:
        found["locations"] = [{"logicalLocations": _hosts(hosts)}]
        found["properties"] = {"hosts": _ranges(hosts)}
    return found


def _plain(text: str) -> str:
    """Return the text with nothing left that SARIF takes for a link or a placeholder."""
    return _PLACEHOLDER.sub(r"{{\1}}", _LINK.sub(r"\\[", text))
