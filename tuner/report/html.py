"""One page that needs nothing else: it opens from a disk or a mail, and reaches for no network.

What it says to everybody (headline, causes, groups) is text in the page; the rest is data that its
script shows on demand, so that ten thousand hosts open as one does. A content security policy lets
nothing run but that script, whatever a host managed to say.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jinja2 import Environment, StrictUndefined

from tuner.report._clean import clean, clean_hint
from tuner.report._command import Commands
from tuner.report._compact import as_script, compact
from tuner.report._report import Block, Cause, Outcome, Report
from tuner.report._words import (
    LONGEST,
    OUTCOMES,
    cause_facts,
    cause_place,
    key_facts,
    message,
    names,
    next_boot,
    plural,
    reading,
    remarks,
    remedies,
    standing,
    tally,
    unseen,
    where,
)
from tuner.rules._finding import Finding, State, Verdict
from tuner.rules._rule import Rule

MOST_CAUSES = 100
"""Causes that are told in the page itself."""
MOST_GROUPS = 60
"""Groups that are told on paper, and where scripts do not run."""

_BREAK = re.compile(r"(?<=[._/])(?=.)")
_NAMES = 6
_LISTED = 20  # names of a group on paper
_COMMAND = 2000  # characters; the script has the whole of it


@dataclass(frozen=True, slots=True)
class Sources:
    """The template, the style and the scripts, as text."""

    template: str
    style: str
    scripts: tuple[str, ...]


def render_html(
    report: Report, rules: Mapping[str, Rule], sources: Sources, *, exit_code: int, meaning: str
) -> Iterator[str]:
    """Yield the page in pieces.

    Args:
        report: what was found.
        rules: every rule by its id, whose pages are shown where it found something.
        sources: what the page is made from.
        exit_code: what the run ends with.
        meaning: that code in words.
    """
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["pieces"] = _BREAK.split
    template = environment.from_string(sources.template)
    commands = Commands(report)
    groups = [block for block in report.blocks if _telling(block)]
    yield from template.generate(
        style=sources.style,
        style_hash=_hash(sources.style),
        scripts=sources.scripts,
        script_hashes=[_hash(script) for script in sources.scripts],
        data=as_script(compact(report, rules)),
        title=_title(report),
        headline=_headline(report),
        summary=_summary(report),
        outcomes=[
            {"name": outcome.value, "words": OUTCOMES[outcome], "number": report.count(outcome)}
            for outcome in _ORDER
        ],
        total=len(report.hosts),
        many=len(report.hosts) > 1,
        interrupted=report.interrupted,
        remarks=remarks(report),
        started=report.started,
        when=_when(report),
        version=report.version,
        exit_code=exit_code,
        meaning=meaning.replace("--fail-on", f"--fail-on {report.fail_on or 'never'}"),
        causes=[_cause(cause) for cause in report.causes[:MOST_CAUSES]],
        causes_left=max(0, len(report.causes) - MOST_CAUSES),
        groups=[_group(block, commands) for block in groups[:MOST_GROUPS]],
        groups_left=max(0, len(groups) - MOST_GROUPS),
        clean_hosts=report.count(Outcome.CLEAN),
        plural=plural,
    )


_ORDER = (Outcome.FINDINGS, Outcome.CLEAN, Outcome.UNJUDGED, Outcome.UNREACHABLE)


def _hash(text: str) -> str:
    """Return the source expression of a content security policy that allows this text."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _title(report: Report) -> str:
    return f"tuner: {_headline(report)}"


def _headline(report: Report) -> str:
    """Return the one sentence that somebody who reads one sentence should read."""
    total = len(report.hosts)
    found = report.count(Outcome.FINDINGS)
    if not total:
        return "No host was audited"
    if total == 1:
        host = report.hosts[0]
        name = clean(host.name)
        match host.outcome:
            case Outcome.CLEAN:
                return f"{name} is clean"
            case Outcome.FINDINGS:
                return f"{name}: {tally(host.verdict or Verdict())}"
            case Outcome.UNJUDGED:
                every = " by every rule" if host.failure is None else ""
                return f"{name} could not be judged{every}"
            case Outcome.UNREACHABLE:
                return f"{name} could not be asked"
    if found == total:
        return f"All {plural(total, 'host')} have findings"
    if found:
        return f"{found:,} of {plural(total, 'host')} {'has' if found == 1 else 'have'} findings"
    lost = report.count(Outcome.UNJUDGED) + report.count(Outcome.UNREACHABLE)
    if lost:
        return f"{lost:,} of {plural(total, 'host')} could not be judged"
    return f"All {plural(total, 'host')} are clean"


def _summary(report: Report) -> list[dict[str, str]]:
    """Return how much of each severity there is, and whether everything was seen."""
    parts = [
        {"mark": str(severity), "words": plural(number, str(severity))}
        for severity, number in report.severities().items()
        if number
    ]
    partly = sum(bool(host.verdict and host.verdict.skipped) for host in report.hosts)
    unread = sum(
        host.outcome is Outcome.UNJUDGED and host.failure is not None for host in report.hosts
    )
    unreachable = report.count(Outcome.UNREACHABLE)
    if unread:
        parts.append({"mark": "unjudged", "words": f"{plural(unread, 'host')} could not be judged"})
    if partly:
        words = f"{plural(partly, 'host')} not judged by every rule"
        parts.append({"mark": "unjudged", "words": words})
    if unreachable:
        parts.append({"mark": "unreachable", "words": f"{unreachable:,} unreachable"})
    if not unread and not partly and not unreachable and report.hosts:
        every = "every host was" if len(report.hosts) > 1 else "it was"
        parts.append({"mark": "clean", "words": f"{every} judged by every rule"})
    return parts


def _when(report: Report) -> str:
    try:
        begun = datetime.fromisoformat(report.started)
    except ValueError:
        return report.started
    return f"{begun.day} {begun:%B %Y, %H:%M} UTC"


def _cause(cause: Cause) -> dict[str, Any]:
    waiver = cause.waiver
    finding = cause.finding
    return {
        "id": cause.id,
        "rule": finding.rule,
        "severity": str(finding.severity),
        "key": clean(finding.key or ""),
        "message": message(finding),
        "where": cause_place(cause),
        "facts": cause_facts(cause),
        "known": cause.known,
        "number": len(cause.hosts),
        "hosts": names(cause.hosts, _NAMES),
        "waiver": f"{clean(waiver.reason, longest=LONGEST)} ({clean(waiver.owner)}, "
        f"until {waiver.until.isoformat()})"
        if waiver
        else "",
    }


def _finding(finding: Finding) -> dict[str, Any]:
    told = {
        "live": "" if finding.live is None else reading(finding.live),
        "wanted": clean(finding.wanted, longest=LONGEST),
        "next boot": "" if finding.next_boot is None else next_boot(finding.next_boot),
        "decided by": where(finding),
        "state": standing(finding),
    }
    return {
        "rule": finding.rule,
        "severity": str(finding.severity),
        "key": clean(finding.key or ""),
        "message": message(finding),
        "facts": {name: value for name, value in told.items() if value},
    }


def _telling(block: Block) -> bool:
    verdict = block.like.verdict
    return block.outcome is not Outcome.CLEAN or bool(verdict and (verdict.waived or verdict.known))


def _group(block: Block, commands: Commands) -> dict[str, Any]:
    like = block.like
    command = commands.of(block)
    title = commands.title(block.hosts)
    listed = names(block.hosts, _LISTED)
    verdict = like.verdict or Verdict()
    rows = [key_facts(row) for row in like.keys if row.state is not State.COMPLIANT]
    return {
        "id": block.id,
        "title": f"{clean(title)} ({plural(len(block.hosts), 'host')})" if title else listed,
        "names": listed if title else "",
        "roles": clean(", ".join(like.roles)),
        "tally": tally(verdict) or OUTCOMES[block.outcome],
        "command": clean(command, longest=_COMMAND) if len(command) <= _COMMAND else "",
        "failure": clean(like.failure.message, longest=LONGEST) if like.failure else "",
        "hint": clean_hint(like.failure.hint) if like.failure else "",
        "findings": [_finding(finding) for finding in verdict.findings],
        "known": [
            {
                "what": clean(finding.key or finding.rule),
                "why": f"{finding.rule}: {message(finding)}",
            }
            for finding in verdict.known
        ],
        "waived": [
            {
                "what": clean(waived.finding.key or waived.finding.rule),
                "why": f"{clean(waived.waiver.reason, longest=LONGEST)} "
                f"({clean(waived.waiver.owner)}, until {waived.waiver.until.isoformat()})",
            }
            for waived in verdict.waived
        ],
        "unseen": [
            {"reason": reason, "rules": ", ".join(rules)}
            for reason, rules in unseen(verdict).items()
        ],
        "remedies": remedies(verdict),
        "example": clean(block.hosts[0]) if len(block.hosts) > 1 else "",
        "keys": rows,
        "compliant": len(like.keys) - len(rows),
    }
