"""Markdown that fits a comment on a pull request: the causes first, groups folded away.

A comment on GitHub holds 65,536 characters. Bytes are counted here, so that it fits however a forge
counts; what does not fit is left out from the end, and a note says how much.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from tuner.report._clean import clean, clean_hint
from tuner.report._command import Commands
from tuner.report._report import Block, Cause, Outcome, Report
from tuner.report._words import (
    LONGEST,
    OUTCOMES,
    cause_place,
    facts,
    message,
    names,
    plural,
    remarks,
    remedies,
    standing,
    tally,
    unseen,
)
from tuner.rules._finding import Finding, Verdict

LARGEST = 65_000
"""Bytes of the whole comment."""

_CAUSES = 20
_NAMES = 4
_COMMAND = 2000  # characters
_RESERVE = 400  # bytes for the note on what was left out
# Mentions, issue numbers and addresses would become links, and mentions send mail.
_SPECIAL = re.compile(r"([\\`*{}\[\]<>#|~$&]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))")
_LINKING = re.compile(r"(@|#|:(?=//)|\bwww(?=\.)|\bGH(?=-\d))", re.IGNORECASE)
_START = re.compile(r"^(\d{0,9})([-+=.)])")
_BREAK = "<!-- -->"


def render_markdown(report: Report, *, exit_code: int) -> Iterator[str]:
    """Yield the comment in pieces, together at most ``LARGEST`` bytes."""
    room = LARGEST - _RESERVE
    for piece in _start(report, exit_code):
        room -= len(piece.encode())
        yield piece
    commands = Commands(report)
    blocks = [block for block in report.blocks if _telling(block)]
    for number, block in enumerate(blocks):
        piece = _block(block, commands.of(block))
        if len(piece.encode()) > room:
            left = blocks[number:]
            hosts = sum(len(block.hosts) for block in left)
            yield (
                f"\n**Cut here:** {plural(len(left), 'group')} more, of {plural(hosts, 'host')}, "
                "do not fit a comment. `tuner audit --output html:report.html` shows everything.\n"
            )
            return
        room -= len(piece.encode())
        yield piece


def _start(report: Report, exit_code: int) -> Iterator[str]:
    yield f"### tuner: {_headline(report)}\n\n"
    counts = [
        f"{report.count(outcome):,} {OUTCOMES[outcome]}"
        for outcome in (Outcome.FINDINGS, Outcome.CLEAN, Outcome.UNJUDGED, Outcome.UNREACHABLE)
    ]
    found = [plural(number, str(name)) for name, number in report.severities().items()]
    fail_on = f"`--fail-on {report.fail_on}`" if report.fail_on else "`--fail-on never`"
    yield f"{' · '.join(counts)}\n{' · '.join(found)} · exit code {exit_code} ({fail_on})\n\n"
    if report.interrupted:
        yield "Interrupted: hosts that had not answered are counted as unreachable.\n\n"
    for remark in remarks(report):
        yield f"{_prose(remark)}\n\n"
    causes = [cause for cause in report.causes if cause.waiver is None and not cause.known]
    if causes:
        yield "| severity | setting | rule | hosts | decided by |\n|---|---|---|---:|---|\n"
        yield from map(_row, causes[:_CAUSES])
        if len(causes) > _CAUSES:
            yield f"\n{plural(len(causes) - _CAUSES, 'cause')} more, in the groups below.\n"
        yield "\n"


def _headline(report: Report) -> str:
    """Return what somebody who reads one line should know."""
    total = len(report.hosts)
    found = report.count(Outcome.FINDINGS)
    lost = report.count(Outcome.UNREACHABLE) + report.count(Outcome.UNJUDGED)
    parts = []
    if found:
        parts.append(f"findings on {found:,} of {plural(total, 'host')}")
    if lost:
        parts.append(f"{lost:,} of {plural(total, 'host')} not judged")
    return ", ".join(parts) or f"{plural(total, 'host')}, all clean"


def _row(cause: Cause) -> str:
    finding = cause.finding
    setting = _code(finding.key) if finding.key else ""
    decider = cause_place(cause)
    cells = (
        str(finding.severity),
        setting,
        _code(finding.rule),
        f"{len(cause.hosts):,}",
        _code(decider) if finding.path else decider,
    )
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


def _telling(block: Block) -> bool:
    verdict = block.like.verdict
    return block.outcome is not Outcome.CLEAN or bool(verdict and (verdict.waived or verdict.known))


def _block(block: Block, command: str) -> str:
    verdict = block.like.verdict or Verdict()
    said = tally(verdict) or OUTCOMES[block.outcome]
    for words, kept in (("known", verdict.known), ("waived", verdict.waived)):
        if kept:
            said += f", {len(kept)} {words}"
    roles = f" {_html(clean(', '.join(block.like.roles)))}:" if block.like.roles else ""
    title = f"<b>{_html(names(block.hosts, _NAMES))}</b>{roles} {said}"
    lines = [f"<details><summary>{title}</summary>", ""]
    failure = block.like.failure
    if failure is not None:
        lines += [f"{_code(failure.kind)} {_prose(clean(failure.message, longest=LONGEST))}", ""]
        if failure.hint:
            lines += [_prose(clean_hint(failure.hint)), ""]
    lines += [line for finding in verdict.findings for line in _finding(finding)]
    for finding in verdict.known:
        what = f"{_code(finding.key)} " if finding.key else ""
        lines.append(f"- known {what}{_code(finding.rule)}: {_prose(message(finding))}")
    for waived in verdict.waived:
        waiver = waived.waiver
        what = _code(waived.finding.key or waived.finding.rule)
        reason = _prose(clean(waiver.reason, longest=LONGEST))
        owner = _prose(clean(waiver.owner))
        lines.append(f"- waived {what}: {reason} ({owner}, until {waiver.until.isoformat()})")
    for reason, rules in unseen(verdict).items():
        lines.append(f"- unknown: could not see {_code(reason)}; not judged: {', '.join(rules)}")
    lines += [f"  {_prose(hint)}" for hint in remedies(verdict)]
    lines.append("")
    if 0 < len(command) <= _COMMAND:
        lines += ["```sh", clean(command, longest=_COMMAND), "```", ""]
    lines += [f"group {_code(block.id)}", "", "</details>", ""]
    return "\n".join(lines)


def _finding(finding: Finding) -> list[str]:
    head = f"- **{finding.severity}** {_code(finding.key or finding.rule)}"
    if finding.key:
        head += f" {_code(finding.rule)}"
    told = " · ".join(map(_code, facts(finding)))
    lines = [head, f"  {told}\\"] if told else [head]
    if finding.note:
        lines.append(f"  {_prose(standing(finding))}\\")
    return [*lines, f"  {_prose(message(finding))}"]


def _code(text: str) -> str:
    """Return the text as a code span that it cannot end."""
    text = clean(text)
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    blank = " " if text.startswith("`") or text.endswith("`") or not text.strip() else ""
    return f"{fence}{blank}{text}{blank}{fence}"


def _prose(text: str) -> str:
    """Return the text with nothing left that Markdown or a forge would read as markup."""
    text = _SPECIAL.sub(r"\\\1", _LINKING.sub("\\1\0", text))
    return _START.sub(r"\1\\\2", text).replace("\0", _BREAK)


def _html(text: str) -> str:
    """Return the same for text between HTML tags."""
    return html.escape(_LINKING.sub("\\1\0", text)).replace("\0", _BREAK)
