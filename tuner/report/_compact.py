"""A report as small data for a page: everything that hosts share is there once, by number.

Ten thousand hosts are a few numbers each. What a host chose is cleaned here, so that the page may
show it as text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any

from tuner.report._clean import clean, clean_hint
from tuner.report._command import LONGEST as LONGEST_COMMAND
from tuner.report._command import Commands
from tuner.report._gauges import Gauges
from tuner.report._report import Cause, HostReport, Report, fold
from tuner.report._words import LONGEST, key_facts, message, next_boot, reading, standing, where
from tuner.report.manual.rule import sections
from tuner.rules._finding import Finding, Waived
from tuner.rules._rule import Rule
from tuner.rules._state import KeyState
from tuner.snapshot.snapshot import Missing

_NAMES = 2  # in a group's title, from its first hosts
_FOLDED = 100
_ROWS = 1000  # written at a time
_SCRIPT = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


class _Table:
    """Rows by number; the same thing has the same number."""

    def __init__(self, row: Callable[[Any], Any]) -> None:
        self._row = row
        self._numbers: dict[Hashable, int] = {}
        self._by_id: dict[int, tuple[object, int]] = {}
        self.rows: list[Any] = []

    def number(self, thing: Any) -> int:
        known = self._by_id.get(id(thing))
        if known is not None:
            return known[1]
        number = self._numbers.get(thing)
        if number is None:
            # Rows may put others into this or another table: the number is given afterwards.
            row = self._row(thing)
            number = self._numbers.setdefault(thing, len(self.rows))
            if number == len(self.rows):
                self.rows.append(row)
        self._by_id[id(thing)] = (thing, number)
        return number


def compact(report: Report, rules: Mapping[str, Rule]) -> dict[str, Any]:
    """Return what the page's script reads; its comments say what each column is."""
    tables = _Tables()
    columns: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
    by_name = {host.name: host for host in report.hosts}
    commands = Commands(report)
    blocks = []
    for block in report.blocks:
        verdict = block.like.verdict
        blocks.append(
            [
                block.id,
                block.outcome,
                len(block.hosts),
                commands.title(block.hosts) or _title(block.hosts),
                -1 if verdict is None else tables.verdicts.number(verdict),
                clean(commands.of(block), longest=LONGEST_COMMAND),
            ]
        )
        for name in block.hosts:
            _add(by_name[name], columns, tables)
    numbers = {block.id: number for number, block in enumerate(report.blocks)}
    causes = [_cause(cause, numbers, tables) for cause in report.causes]
    found = sorted({cause.finding.rule for cause in report.causes})
    return {
        "hosts": columns,
        "blocks": blocks,
        "causes": causes,
        "rules": {name: _rule(rules[name]) for name in found if name in rules},
        **{name: table.rows for name, table in tables.all.items()},
    }


def as_script(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield the data as JSON that no HTML parser takes for an end of script or a comment."""
    for chunk in _chunks(data):
        yield chunk.translate(_SCRIPT)


def _chunks(data: Mapping[str, Any]) -> Iterator[str]:
    yield "{"
    for number, (name, value) in enumerate(data.items()):
        yield f"{',' if number else ''}{json.dumps(name)}:"
        if not isinstance(value, list):
            yield json.dumps(value, separators=(",", ":"))
            continue
        # A large table as one text, escaped once more, would be held several times.
        yield "["
        for start in range(0, len(value), _ROWS):
            rows = json.dumps(value[start : start + _ROWS], separators=(",", ":"))
            yield f"{',' if start else ''}{rows[1:-1]}"
        yield "]"
    yield "}"


_COLUMNS = (
    *("name", "roles", "groups", "kernel", "os"),
    *("verdict", "keys", "gauges", "failure"),
)


class _Tables:
    """What hosts share."""

    def __init__(self) -> None:
        self.text = _Table(lambda text: clean(text, longest=LONGEST))
        self.findings = _Table(self._finding)
        self.waived = _Table(self._waived)
        self.verdicts = _Table(self._verdict)
        self.rows = _Table(_key)
        self.keys = _Table(lambda keys: [self.rows.number(row) for row in keys])
        self.gauges = _Table(_gauges)
        self.failures = _Table(
            lambda failure: [
                clean(failure.kind),
                clean(failure.message, longest=LONGEST),
                clean_hint(failure.hint),
            ]
        )
        self.all = {
            "text": self.text,
            "findings": self.findings,
            "waived": self.waived,
            "verdicts": self.verdicts,
            "rows": self.rows,
            "keys": self.keys,
            "gauges": self.gauges,
            "failures": self.failures,
        }

    def _verdict(self, verdict: Any) -> list[Any]:
        return [
            [self.findings.number(finding) for finding in verdict.findings],
            [self.waived.number(waived) for waived in verdict.waived],
            [
                [skipped.rule, clean(skipped.reason), clean(skipped.hint)]
                for skipped in verdict.skipped
            ],
            [self.findings.number(finding) for finding in verdict.known],
        ]

    def _finding(self, finding: Finding) -> list[Any]:
        return [
            finding.rule,
            int(finding.severity),
            clean(finding.key or ""),
            message(finding),
            "" if finding.live is None else reading(finding.live),
            clean(finding.wanted, longest=LONGEST),
            "" if finding.next_boot is None else next_boot(finding.next_boot),
            where(finding),
            str(finding.confidence),
            [self.findings.number(part) for part in finding.parts],
            standing(finding),
        ]

    def _waived(self, waived: Waived) -> list[Any]:
        waiver = waived.waiver
        return [
            self.findings.number(waived.finding),
            clean(waiver.reason, longest=LONGEST),
            clean(waiver.owner),
            waiver.until.isoformat(),
        ]


def _title(hosts: Sequence[str]) -> str:
    folded = [clean(name) for name in fold(hosts[:_FOLDED])]
    return ", ".join(folded[:_NAMES])


def _add(host: HostReport, columns: Mapping[str, list[Any]], tables: _Tables) -> None:
    columns["name"].append(clean(host.name))
    columns["roles"].append(tables.text.number(", ".join(host.roles)))
    columns["groups"].append(tables.text.number(", ".join(host.groups)))
    columns["kernel"].append(tables.text.number(host.kernel))
    columns["os"].append(tables.text.number(host.os))
    verdict = -1 if host.verdict is None else tables.verdicts.number(host.verdict)
    columns["verdict"].append(verdict)
    columns["keys"].append(tables.keys.number(host.keys) if host.keys else -1)
    measured = host.gauges is not None and not host.gauges.empty
    columns["gauges"].append(tables.gauges.number(host.gauges) if measured else -1)
    columns["failure"].append(-1 if host.failure is None else tables.failures.number(host.failure))


def _cause(cause: Cause, numbers: Mapping[str, int], tables: _Tables) -> list[Any]:
    blocks = [numbers[block.id] for block in cause.blocks]
    apart = cause.known or cause.waiver is not None
    return [cause.id, tables.findings.number(cause.finding), len(cause.hosts), blocks, int(apart)]


def _key(row: KeyState) -> list[Any]:
    return [*key_facts(row).values(), int(isinstance(row.live, Missing))]


def _gauges(gauges: Gauges) -> list[Any]:
    return [
        gauges.usable,
        [
            [clean(to.local), clean(to.remote), to.port, to.used, to.time_wait]
            for to in gauges.destinations
        ],
        gauges.time_wait,
        gauges.time_wait_limit,
        gauges.seconds,
        gauges.conntrack,
    ]


def _rule(rule: Rule) -> list[Any]:
    pages = [
        [heading, re.split(r"\n\s*\n", text)] for heading, text in sections(rule).items() if text
    ]
    return [rule.title, str(rule.kind), [*pages, ["Sources", list(rule.sources)]]]
