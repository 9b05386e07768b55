"""The report for machines; its shape is ``schema/report-1.json``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tuner.policy.waiver import Waiver
from tuner.report._alike import digest, identify_cause
from tuner.report._command import Commands
from tuner.report._gauges import Gauges
from tuner.report._report import HostReport, Outcome, Report
from tuner.rules._finding import Finding, NextBoot, Verdict
from tuner.rules._state import KeyState
from tuner.snapshot.snapshot import Missing, Reading

SCHEMA_VERSION = 1


def render_json(report: Report, *, exit_code: int) -> Iterator[str]:
    """Yield the report in pieces, a line a host, so that a large fleet needs no second copy."""
    for name, value in head(report, exit_code=exit_code).items():
        yield "{" if name == "schema_version" else ",\n "
        yield f"{json.dumps(name)}: {json.dumps(value)}"
    yield ',\n "groups": ['
    for number, row in enumerate(groups(report)):
        yield ("," if number else "") + "\n  " + json.dumps(row)
    yield '],\n "key_tables": {'
    rows = Rows()
    tables: dict[int, str] = {}
    written: set[str] = set()
    for host in report.hosts:
        if host.verdict is not None and id(host.keys) not in tables:
            table = rows.table(host.keys)
            name = tables[id(host.keys)] = digest(table)
            if name not in written:
                yield ("," if written else "") + f'\n  "{name}": {table}'
                written.add(name)
    yield '},\n "hosts": ['
    for number, host in enumerate(report.hosts):
        keys = json.dumps(tables[id(host.keys)]) if host.verdict else "null"
        yield ("," if number else "") + "\n  " + rows.host(host, keys)
    yield "]}\n"


def head(report: Report, *, exit_code: int) -> dict[str, Any]:
    """Return what the report says of the run as a whole."""
    return {
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


def groups(report: Report) -> Iterator[dict[str, Any]]:
    """Yield the groups of hosts that came out alike."""
    commands = Commands(report)
    for block in report.blocks:
        yield {
            "id": block.id,
            "outcome": block.outcome,
            "command": commands.of(block) or None,
            "hosts": block.hosts,
        }


class Rows:
    """JSON texts of hosts; what hosts share is put into words once."""

    def __init__(self) -> None:
        self._tables: dict[int, tuple[object, str]] = {}
        self._findings: dict[int, tuple[object, str]] = {}

    def table(self, keys: tuple[KeyState, ...]) -> str:
        """Return the list of where every key stands."""
        known = self._tables.get(id(keys))
        if known is None:
            text = json.dumps([_key(state) for state in keys])
            # The object is kept with the text: its id stays its own.
            known = self._tables[id(keys)] = (keys, text)
        return known[1]

    def host(self, host: HostReport, keys: str) -> str:
        """Return one host's object; ``keys`` is the JSON that stands for where its keys stand."""
        verdict = host.verdict or Verdict()
        start = json.dumps(
            {
                "name": host.name,
                "roles": host.roles,
                "groups": host.groups,
                "outcome": host.outcome,
                "kernel": host.kernel or None,
                "os": host.os or None,
            }
        )
        findings = ", ".join(self._finding(finding) for finding in verdict.findings)
        known = ", ".join(self._finding(finding) for finding in verdict.known)
        rest = json.dumps(
            {
                "waived": [
                    {
                        **_finding(waived.finding),
                        "waiver": {
                            "reason": waived.waiver.reason,
                            "owner": waived.waiver.owner,
                            "until": waived.waiver.until.isoformat(),
                        },
                    }
                    for waived in verdict.waived
                ],
                "unjudged": [
                    {
                        "rule": skipped.rule,
                        "reason": skipped.reason,
                        "hint": skipped.hint or None,
                    }
                    for skipped in verdict.skipped
                ],
                "gauges": _gauges(host.gauges) if host.gauges else None,
                "error": {
                    "kind": host.failure.kind,
                    "message": host.failure.message,
                    "hint": host.failure.hint or None,
                }
                if host.failure
                else None,
            }
        )
        told = f'"findings": [{findings}], "known": [{known}]'
        return f'{start[:-1]}, "keys": {keys}, {told}, {rest[1:]}'

    def _finding(self, finding: Finding) -> str:
        known = self._findings.get(id(finding))
        if known is None:
            text = json.dumps(_finding(finding))
            known = self._findings[id(finding)] = (finding, text)
        return known[1]


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
        "cause": digest(identify_cause(finding)),
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
        "state": finding.state,
        "note": finding.note or None,
        "parts": [_finding(part) for part in finding.parts],
    }


def _boot(boot: NextBoot) -> dict[str, Any]:
    return {
        "origin": boot.origin,
        "value": None if boot.value is None else str(boot.value),
        "file": boot.path or None,
        "line": boot.line or None,
    }


def _gauges(gauges: Gauges) -> dict[str, Any]:
    return {
        "usable_ports": gauges.usable,
        "destinations": [
            {
                "local": destination.local,
                "remote": destination.remote,
                "port": destination.port,
                "used": destination.used,
                "time_wait": destination.time_wait,
            }
            for destination in gauges.destinations
        ],
        "time_wait": gauges.time_wait,
        "time_wait_limit": gauges.time_wait_limit,
        "seconds": gauges.seconds,
        "conntrack": {"entries": gauges.conntrack[0], "max": gauges.conntrack[1]}
        if gauges.conntrack
        else None,
    }
