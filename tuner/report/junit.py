"""JUnit XML: a suite a host, a case a rule.

What is below ``fail_on`` does not fail a case, so that a suite fails exactly where the exit code
says findings; it stands in the suite's output. Not judged is an error, never a failure; known and
waived are skipped. The form keeps to what Jenkins (junit-10.xsd) and Ant (JUnit.xsd) both take: one
outcome a case, no attributes on the root, every element in Ant's order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from xml.sax.saxutils import escape, quoteattr

from tuner.policy.policy import Severity
from tuner.report._clean import clean, clean_hint
from tuner.report._command import Commands
from tuner.report._report import HostReport, Report
from tuner.report._words import LONGEST, facts, message, standing
from tuner.rules._finding import Finding, Verdict, Waived


def render_junit(report: Report, rules: Iterable[str]) -> Iterator[str]:
    """Yield the document, a suite at a time.

    Args:
        report: what was found.
        rules: the ids of all rules, of which every judged host has one case each.
    """
    names = sorted(rules)
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n'
    commands = Commands(report)
    groups = {name: block for block in report.blocks for name in block.hosts}
    lines = {block.id: commands.of(block) for block in report.blocks}
    for number, host in enumerate(report.hosts):
        block = groups[host.name]
        line = lines[block.id]  # whole, or not at all
        group = {"group": block.id, "command": line if len(line) <= LONGEST else ""}
        yield _suite(number, host, group, report, names)
    yield "</testsuites>\n"


@dataclass
class _Suite:
    """What is written of one host, and how much of each kind."""

    host: str
    cases: list[str] = field(default_factory=list)
    failures: int = 0
    errors: int = 0
    skipped: int = 0
    said: list[str] = field(default_factory=list)

    def passes(self, name: str) -> None:
        self.cases.append(f'<testcase classname={self.host} name={quoteattr(name)} time="0"/>\n')

    def ends(self, name: str, tag: str, kind: str, short: str, text: str = "") -> None:
        type_ = f" type={quoteattr(kind)}" if kind else ""  # Ant's skipped has none
        self.cases.append(
            f'<testcase classname={self.host} name={quoteattr(name)} time="0">'
            f"<{tag}{type_} message={quoteattr(short)}>{escape(text)}</{tag}>"
            "</testcase>\n"
        )


def _suite(
    number: int, host: HostReport, group: Mapping[str, str], report: Report, names: list[str]
) -> str:
    name = quoteattr(clean(host.name).strip() or "unnamed")
    suite = _Suite(name)
    if host.failure is not None:
        suite.errors += 1
        text = clean_hint(host.failure.hint)
        short = clean(host.failure.message, longest=LONGEST)
        suite.ends("answers", "error", clean(host.failure.kind), short, text)
    else:
        _judge(host.verdict or Verdict(), suite, report.fail_on, names)
    properties = {
        "roles": ", ".join(host.roles),
        "groups": ", ".join(host.groups),
        "kernel": host.kernel,
        "os": host.os,
        "outcome": host.outcome,
        **group,
    }
    start = (
        f'<testsuite id="{number}" name={name} package="tuner" hostname={name} '
        f'timestamp="{_timestamp(report.finished)}" time="0" tests="{len(suite.cases)}" '
        f'failures="{suite.failures}" errors="{suite.errors}" skipped="{suite.skipped}">\n'
    )
    told = "".join(
        f'<property name="{key}" value={quoteattr(clean(value, longest=LONGEST))}/>'
        for key, value in properties.items()
        if value
    )
    cases = "".join(suite.cases)
    said = escape("\n".join(suite.said))
    return (
        f"{start}<properties>{told}</properties>\n{cases}<system-out>{said}</system-out>\n"
        "<system-err></system-err>\n</testsuite>\n"
    )


def _judge(verdict: Verdict, suite: _Suite, fail_on: Severity | None, names: list[str]) -> None:
    """Write a case for every rule, and one more where a rule found something and saw not all."""
    failing: dict[str, list[Finding]] = {}
    for finding in verdict.findings:
        if fail_on is not None and finding.severity >= fail_on:
            failing.setdefault(finding.rule, []).append(finding)
        else:
            suite.said.append(_line(finding))
    kept: dict[str, list[str]] = {}  # what fails nothing
    for finding in verdict.known:
        kept.setdefault(finding.rule, []).append(f"known: {_line(finding)}")
    for one in verdict.waived:
        kept.setdefault(one.finding.rule, []).append(_waiver(one))
    unseen = {skipped.rule: skipped for skipped in verdict.skipped}
    others = {*failing, *kept, *unseen} - set(names)
    for name in [*names, *sorted(others)]:
        told = len(suite.cases)
        if name in failing:
            suite.failures += 1
            findings = failing[name]
            lines = [_line(it) for finding in findings for it in (finding, *finding.parts)]
            lines += kept.get(name, ())
            kind = str(max(finding.severity for finding in findings))
            suite.ends(name, "failure", kind, _short(findings), "\n".join(lines))
        elif name in kept:
            suite.skipped += 1
            short = kept[name][0].partition("\n")[0]
            suite.ends(name, "skipped", "", short, "\n".join(kept[name]))
        if name in unseen:
            suite.errors += 1
            rest = " (the rest)" if len(suite.cases) > told else ""
            short = f"could not see {clean(unseen[name].reason)}"
            suite.ends(name + rest, "error", "unjudged", short, clean(unseen[name].hint))
        elif len(suite.cases) == told:
            suite.passes(name)


def _short(findings: list[Finding]) -> str:
    first = findings[0]
    head = f"{clean(first.key)}: {message(first)}" if first.key else message(first)
    return f"{head} (and {len(findings) - 1} more)" if len(findings) > 1 else head


def _line(finding: Finding) -> str:
    parts = [str(finding.severity), finding.rule, clean(finding.key or ""), *facts(finding)]
    more = f"\n  {standing(finding)}" if finding.note else ""
    return f"{' · '.join(part for part in parts if part)}{more}\n  {message(finding)}"


def _waiver(waived: Waived) -> str:
    waiver = waived.waiver
    what = clean(waived.finding.key or waived.finding.rule)
    return (
        f"waived: {what}: {clean(waiver.reason, longest=LONGEST)} "
        f"({clean(waiver.owner)}, until {waiver.until.isoformat()})"
    )


def _timestamp(text: str) -> str:
    """Return the time as Ant wants it: UTC, without saying so."""
    try:
        return datetime.fromisoformat(text).strftime("%Y-%m-%dT%H:%M:%S")
    except ValueError:
        return "1970-01-01T00:00:00"
