"""The report for machines; its shape is ``schema/report-1.json``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from tuner.policy.waiver import Waiver
from tuner.report._report import HostReport, Outcome, Report, blocks
from tuner.rules._finding import Finding, NextBoot
from tuner.rules._state import KeyState
from tuner.snapshot.snapshot import Missing, Reading

SCHEMA_VERSION = 1


def render_json(report: Report, *, exit_code: int) -> Iterator[str]:
    """Yield the report in pieces, a line a host, so that a large fleet needs no second copy."""
    head: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "tuner", "version": report.version},
        "started": report.started,
        "finished": report.finished,
        "interrupted": report.interrupted,
        "fail_on": str(report.fail_on) if report.fail_on else None,
        "exit_code": exit_code,
        "totals": {
            "hosts": len(report.hosts),
            **{str(outcome): report.count(outcome) for outcome in Outcome},
            "severities": {str(name): number for name, number in report.severities().items()},
        },
        "baseline": _baseline(report),
        "unused_waivers": [
            {**_waiver(unused.waiver), "hosts": unused.hosts} for unused in report.unused_waivers
        ],
    }
    for name, value in head.items():
        yield "{" if name == "schema_version" else ",\n "
        yield f"{json.dumps(name)}: {json.dumps(value)}"
    yield ',\n "groups": ['
    for number, block in enumerate(blocks(report.hosts)):
        row = {"id": block.id, "outcome": block.outcome, "hosts": block.hosts}
        yield ("," if number else "") + "\n  " + json.dumps(row)
    yield '],\n "key_tables": {'
    tables: dict[tuple[KeyState, ...], str] = {}
    for host in report.hosts:
        if host.verdict is not None and host.keys not in tables:
            rows = json.dumps([_key(state) for state in host.keys])
            name = hashlib.sha256(rows.encode()).hexdigest()[:8]
            yield ("," if tables else "") + f'\n  "{name}": {rows}'
            tables[host.keys] = name
    yield '},\n "hosts": ['
    for number, host in enumerate(report.hosts):
        yield ("," if number else "") + "\n  " + json.dumps(_host(host, tables))
    yield "]}\n"


def _host(host: HostReport, tables: Mapping[tuple[KeyState, ...], str]) -> dict[str, Any]:
    verdict = host.verdict
    return {
        "name": host.name,
        "roles": host.roles,
        "groups": host.groups,
        "outcome": host.outcome,
        "kernel": host.kernel or None,
        "os": host.os or None,
        "keys": tables[host.keys] if verdict else None,
        "findings": [_finding(finding) for finding in verdict.findings] if verdict else [],
        "known": [_finding(finding) for finding in verdict.known] if verdict else [],
        "waived": [
            {
                **_finding(waived.finding),
                "waiver": {
                    "reason": waived.waiver.reason,
                    "owner": waived.waiver.owner,
                    "until": waived.waiver.until.isoformat(),
                },
            }
            for waived in (verdict.waived if verdict else ())
        ],
        "unjudged": [
            {"rule": skipped.rule, "reason": skipped.reason}
            for skipped in (verdict.skipped if verdict else ())
        ],
        "error": {
            "kind": host.failure.kind,
            "message": host.failure.message,
            "hint": host.failure.hint or None,
        }
        if host.failure
        else None,
    }


def _baseline(report: Report) -> dict[str, Any] | None:
    use = report.baseline
    if use is None:
        return None
    return {
        "file": use.file,
        "known": use.known,
        "gone": [
            {
                "rule": gone.rule,
                "key": gone.key,
                "severity": str(gone.severity),
                "hosts": gone.hosts,
            }
            for gone in use.gone
        ],
    }


def _waiver(waiver: Waiver) -> dict[str, Any]:
    return {
        "rule": waiver.rule,
        "key": waiver.key,
        "reason": waiver.reason,
        "owner": waiver.owner,
        "until": waiver.until.isoformat(),
    }


def _key(row: KeyState) -> dict[str, Any]:
    return {
        "key": row.key,
        "state": row.state,
        "wanted": row.wanted,
        **_reading(row.live),
        "next_boot": _boot(row.next_boot),
        "default": None if row.default is None else str(row.default),
        "note": row.note or None,
    }


def _reading(live: Reading | None) -> dict[str, Any]:
    return {
        "live": None if live is None or isinstance(live, Missing) else str(live),
        "live_state": "none" if live is None else live if isinstance(live, Missing) else "value",
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "kind": finding.kind,
        "severity": str(finding.severity),
        "confidence": finding.confidence,
        "message": finding.message,
        "key": finding.key,
        **_reading(finding.live),
        "wanted": finding.wanted or None,
        "next_boot": _boot(finding.next_boot) if finding.next_boot else None,
        "file": finding.path or None,
        "line": finding.line or None,
        "fix": {"value": finding.fix.value, "safe": finding.fix.safe} if finding.fix else None,
        "parts": [_finding(part) for part in finding.parts],
    }


def _boot(boot: NextBoot) -> dict[str, Any]:
    return {
        "origin": boot.origin,
        "value": None if boot.value is None else str(boot.value),
        "file": boot.path or None,
        "line": boot.line or None,
    }
