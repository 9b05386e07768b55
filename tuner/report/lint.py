"""What was found in settings files, as lines that editors can jump from and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.text import Text

from tuner.policy.policy import Severity
from tuner.report._clean import clean
from tuner.rules._finding import Finding
from tuner.rules._lint import Suppressed

SCHEMA_VERSION = 1
_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


@dataclass(frozen=True, slots=True)
class LintReport:
    """Everything that was found, in order; paths as the user called them."""

    files: int
    findings: tuple[Finding, ...]
    suppressed: tuple[Suppressed, ...]
    version: str
    fail_on: Severity | None
    sources: Mapping[str, bytes] = field(default_factory=dict)  # what the files hold, by path

    @property
    def failed(self) -> bool:
        """Whether a finding is at or above ``fail_on``."""
        return self.fail_on is not None and any(
            finding.severity >= self.fail_on for finding in self.findings
        )

    def severities(self) -> dict[Severity, int]:
        """Return how many findings there are of each severity, the worst first."""
        counts = dict.fromkeys(sorted(Severity, reverse=True), 0)
        for finding in self.findings:
            counts[finding.severity] += 1
        return counts


def print_lint(report: LintReport, console: Console) -> None:
    """Print a line a finding, ``path:line:column: severity rule: message``, then the totals."""
    if not console.is_terminal:
        console.file.writelines(render_lint_text(report))
        return
    for finding in report.findings:
        place = f"{clean(finding.path)}:{finding.line}:{finding.column}"
        head = Text.assemble(
            (place, "bold"),
            ": ",
            (str(finding.severity), _STYLES[finding.severity]),
            f" {finding.rule}: ",
            clean(finding.message, longest=600),
        )
        console.print(head, soft_wrap=True)
        if finding.wanted:
            console.print(
                Text(f"    instead: {clean(finding.wanted, longest=600)}", style="dim"),
                soft_wrap=True,
            )
    console.print(Text(_totals(report), style="bold"))


def render_lint_text(report: LintReport) -> Iterator[str]:
    """Yield the same in pieces, without rich, which takes long over thousands of lines."""
    for finding in report.findings:
        yield (
            f"{clean(finding.path)}:{finding.line}:{finding.column}: {finding.severity} "
            f"{finding.rule}: {clean(finding.message, longest=600)}\n"
        )
        if finding.wanted:
            yield f"    instead: {clean(finding.wanted, longest=600)}\n"
    yield f"{_totals(report)}\n"


def _totals(report: LintReport) -> str:
    counts = report.severities()
    parts = [_plural(number, str(name)) for name, number in counts.items() if number]
    said = ", ".join(parts) if parts else "nothing found"
    if report.suppressed:
        said += f", {len(report.suppressed)} suppressed"
    return f"{_plural(report.files, 'file')}: {said}"


def render_lint_json(report: LintReport, *, exit_code: int) -> Iterator[str]:
    """Yield the report in pieces; its shape is ``schema/lint-1.json``."""
    head: Mapping[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "tuner", "version": report.version},
        "fail_on": str(report.fail_on) if report.fail_on else None,
        "exit_code": exit_code,
        "totals": {
            "files": report.files,
            "suppressed": len(report.suppressed),
            **{str(name): number for name, number in report.severities().items()},
        },
    }
    for name, value in head.items():
        yield "{" if name == "schema_version" else ",\n "
        yield f"{json.dumps(name)}: {json.dumps(value)}"
    yield ',\n "findings": ['
    yield from _rows(_finding(finding) for finding in report.findings)
    yield '],\n "suppressed": ['
    yield from _rows(
        {**_finding(each.finding), "reason": each.reason} for each in report.suppressed
    )
    yield "]}\n"


def _rows(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for number, row in enumerate(rows):
        yield ("," if number else "") + "\n  " + json.dumps(row)


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": str(finding.severity),
        "confidence": finding.confidence,
        "message": finding.message,
        "key": finding.key,
        "wanted": finding.wanted or None,
        "file": finding.path,
        "line": finding.line,
        "column": finding.column,
    }


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
