"""The report that a tired person reads top-down: the worst first, hosts that are alike together."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from tuner.policy.policy import Severity
from tuner.report._clean import clean, clean_hint
from tuner.report._command import Commands
from tuner.report._known import print_known
from tuner.report._report import Block, HostReport, Outcome, Report
from tuner.report._words import (
    OUTCOMES,
    facts,
    message,
    names,
    plural,
    reading,
    remedies,
    said,
    standing,
    tally,
    unseen,
)
from tuner.rules._finding import Finding, Verdict

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
_INDENT = 2
_BODY = _INDENT + 8
_NAMES = 6  # how many host names or ranges a heading shows
_COMMAND = 300  # characters of a command that is shown
_REASONS = 6  # how many of the things that could not be seen are told one by one
_COUNTS = 52  # columns of a recap line beside the names


def print_report(report: Report, console: Console) -> None:
    """Print the whole report: blocks with findings, unreachable hosts, recap."""
    found = report.blocks
    commands = Commands(report)
    judged = [block for block in found if block.like.verdict is not None]
    for block in judged:
        if block.outcome is not Outcome.CLEAN or _verdict(block).waived or _verdict(block).known:
            _print_block(block, commands.of(block), console)
    failed = [block for block in found if block.like.verdict is None]
    if failed:
        console.print(Text("NOT JUDGED", style="bold"))
        for block in failed:
            _print_failure(block, commands.of(block), console)
        console.print()
    _print_recap(report, found, console)


def print_arrival(host: HostReport, console: Console) -> None:
    """Print one host's result as it comes in, a line a finding."""
    name = clean(host.name)
    if host.failure is not None:
        line = Text.assemble((name, "bold"), ": ", (said(host.name, host.failure), "red"))
        console.print(line, soft_wrap=True)
        return
    verdict = host.verdict or Verdict()
    if not verdict.findings:
        console.print(Text.assemble((name, "bold"), f": {host.outcome}"), soft_wrap=True)
    for finding in verdict.findings:
        console.print(
            Text.assemble(
                (name, "bold"),
                ": ",
                (str(finding.severity), _STYLES[finding.severity]),
                f" {finding.rule} {clean(finding.key or '')} {_live(finding)}".rstrip(),
            ),
            soft_wrap=True,
        )


def _print_block(block: Block, command: str, console: Console) -> None:
    verdict = _verdict(block)
    heading = Text.assemble((names(block.hosts, _NAMES), "bold"))
    heading.append(f"  {clean(', '.join(block.like.roles))}", style="dim")
    kept = (("known", verdict.known), ("waived", verdict.waived))
    apart = (f"{len(them)} {word}" for word, them in kept if them)
    heading.append(f"  {', '.join(filter(None, (tally(verdict), *apart)))}")
    console.print(heading)
    for finding in verdict.findings:
        _print_finding(finding, console)
    if verdict.known:
        line = Text(", ".join(map(_called, verdict.known)))
        _write(console, line, _BODY, Text("known   ", style="dim"))
    for waived in verdict.waived:
        line = Text.assemble(
            f"{_called(waived.finding)}: ",
            (clean(waived.waiver.reason), "italic"),
            f" ({clean(waived.waiver.owner)}, until {waived.waiver.until.isoformat()})",
        )
        _write(console, line, _BODY, Text("waived  ", style="dim"))
    for told in _unseen(verdict):
        _write(console, Text(told), _BODY, Text("unknown ", style="magenta"))
    for hint in remedies(verdict):
        _write(console, Text(hint, style="dim"), _BODY)
    _print_command(block, command, console)
    console.print()


def _unseen(verdict: Verdict) -> list[str]:
    reasons = unseen(verdict)
    told = [
        f"could not see {reason}; not judged: {', '.join(rules)}"
        for reason, rules in reasons.items()
    ]
    if len(told) > _REASONS:
        more = list(reasons.values())[_REASONS - 1 :]
        number = sum(map(len, more))
        last = f"could not see {len(more)} more things; {number} more rules not judged"
        told[_REASONS - 1 :] = [f"{last} (--format json names them)"]
    return told


def _print_command(block: Block, command: str, console: Console) -> None:
    """Print the group's command as one line that can be copied, whatever the width."""
    if 0 < len(command) <= _COMMAND:
        shown = clean(command, longest=_COMMAND)
        line = Text.assemble(" " * _INDENT, shown, (f"  # group {block.id}", "dim"))
        console.print(line, soft_wrap=True)


def _print_finding(finding: Finding, console: Console) -> None:
    severity = str(finding.severity)
    head = Text.assemble(
        (f"{severity:<8}", _STYLES[finding.severity]),
        (clean(finding.key) if finding.key else finding.rule, "bold"),
    )
    if finding.key:
        head.append(f"  {finding.rule}", style="dim")
    if finding.confidence != "proven":
        head.append(f" ({finding.confidence})", style="dim")
    _write(console, head)
    told = facts(finding)
    if told:
        _write(console, Text(" · ".join(told)), _BODY)
    if finding.note:
        _write(console, Text(standing(finding)), _BODY)
    _write(console, Text(message(finding)), _BODY)
    _write(console, Text(f"tuner explain {finding.rule}", style="dim"), _BODY)


def _print_failure(block: Block, command: str, console: Console) -> None:
    failure = block.like.failure
    if failure is None:
        return
    line = Text.assemble((names(block.hosts, _NAMES), "bold"), "  ", (clean(failure.kind), "red"))
    _write(console, line)
    _write(console, Text(clean(failure.message, longest=600)), _BODY)
    if failure.hint:
        print_hint(failure.hint, console, _BODY)
    _print_command(block, command, console)


def print_hint(hint: str, console: Console, indent: int) -> None:
    """Print a next step as one line, whatever the width: a command in it is there to be copied."""
    text = Text(" " * indent + clean_hint(hint), style="dim")
    console.print(text, soft_wrap=True)


def _print_recap(report: Report, found: Sequence[Block], console: Console) -> None:
    console.print(Text("RECAP", style="bold"))
    room = max(20, console.width - _COUNTS - (9 if report.baseline is not None else 0))
    titles = [_names_within(block.hosts, room) for block in found]
    widest = max((len(title) for title in titles), default=0)
    for block, name in zip(found, titles, strict=True):
        line = Text(f"{name:<{widest}} : ")
        if block.like.verdict is None:
            style = "red" if block.outcome is Outcome.UNREACHABLE else "magenta"
            line.append(OUTCOMES[block.outcome], style=style)
        else:
            line.append_text(_counts(block.like.verdict))
            if report.baseline is not None:
                line.append(f"  known={len(block.like.verdict.known)}")
        _write(console, line)
    total = Text(f"{plural(len(report.hosts), 'host')}: ", style="bold")
    total.append(f"{report.count(Outcome.CLEAN)} clean, ", style="green")
    total.append(f"{report.count(Outcome.FINDINGS)} with findings, ", style="yellow")
    total.append(f"{report.count(Outcome.UNJUDGED)} could not be judged, ", style="magenta")
    total.append(f"{report.count(Outcome.UNREACHABLE)} unreachable", style="red")
    console.print(total)
    partly = sum(
        host.outcome is Outcome.FINDINGS and bool(host.verdict and host.verdict.skipped)
        for host in report.hosts
    )
    if partly:
        verb = "was" if partly == 1 else "were"
        console.print(Text(f"{partly:,} of those with findings {verb} not judged by every rule"))
    print_known(report, console)
    if report.interrupted:
        console.print(Text("interrupted: hosts that had not answered are counted as unreachable"))


def _counts(verdict: Verdict) -> Text:
    line = Text()
    for severity in sorted(Severity, reverse=True):
        number = sum(finding.severity is severity for finding in verdict.findings)
        line.append(f"{severity}={number}", style=_STYLES[severity] if number else "dim")
        line.append("  ")
    line.append(f"waived={len(verdict.waived)}", style="" if verdict.waived else "dim")
    line.append("  ")
    line.append(f"unknown={len(verdict.skipped)}", style="magenta" if verdict.skipped else "dim")
    return line


def _called(finding: Finding) -> str:
    return f"{finding.rule} {clean(finding.key or '')}".rstrip()


def _names_within(hosts: Sequence[str], columns: int) -> str:
    """Return as many names as the columns have room for, and one at least."""
    shorter = (names(hosts, most) for most in range(_NAMES, 1, -1))
    return next((text for text in shorter if len(text) <= columns), names(hosts, 1))


def _live(finding: Finding) -> str:
    return "" if finding.live is None else reading(finding.live)


def _write(console: Console, text: Text, indent: int = _INDENT, label: Text | None = None) -> None:
    """Print the text indented, with a label before its first line.

    Rich's own padding would fill every line up with blanks.
    """
    for line in text.wrap(console, max(console.width - indent, 10)):
        line.rstrip()
        start = Text(" " * (indent - len(label or "")))
        if label is not None:
            start.append_text(label)
            label = None
        console.print(start.append_text(line), no_wrap=True, crop=False)


def _verdict(block: Block) -> Verdict:
    return block.like.verdict or Verdict()
