"""The report that a tired person reads top-down: the worst first, hosts that are alike together."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from tuner.policy.policy import Severity
from tuner.report._clean import clean
from tuner.report._known import print_known
from tuner.report._report import Block, HostReport, Outcome, Report, blocks, fold
from tuner.rules._finding import Finding, NextBoot, Origin, State, Verdict
from tuner.snapshot.snapshot import Missing

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
_INDENT = 2
_BODY = _INDENT + 8
_NAMES = 6  # how many host names or ranges a heading shows
_REASONS = 6  # how many of the things that could not be seen are told one by one
_COUNTS = 52  # columns of a recap line beside the names

_TELLING = frozenset({State.DRIFTED, State.LOST_AT_BOOT})
"""States that say more than live value and next boot do; those with a note have a line."""


def print_report(report: Report, console: Console) -> None:
    """Print the whole report: blocks with findings, unreachable hosts, recap."""
    found = blocks(report.hosts)
    judged = [block for block in found if block.like.verdict is not None]
    for block in judged:
        if block.outcome is not Outcome.CLEAN or _verdict(block).waived:
            _print_block(block, console)
    failed = [block for block in found if block.like.verdict is None]
    if failed:
        console.print(Text("NOT JUDGED", style="bold"))
        for block in failed:
            _print_failure(block, console)
        console.print()
    _print_recap(report, found, console)


def print_arrival(host: HostReport, console: Console) -> None:
    """Print one host's result as it comes in, a line a finding."""
    name = clean(host.name)
    if host.failure is not None:
        said = clean(host.failure.message, longest=600).removeprefix(name).removeprefix(": ")
        console.print(Text.assemble((name, "bold"), ": ", (said, "red")))
        return
    verdict = host.verdict or Verdict()
    if not verdict.findings:
        console.print(Text.assemble((name, "bold"), f": {host.outcome}"))
    for finding in verdict.findings:
        console.print(
            Text.assemble(
                (name, "bold"),
                ": ",
                (str(finding.severity), _STYLES[finding.severity]),
                f" {finding.rule} {clean(finding.key or '')} {_live(finding)}".rstrip(),
            )
        )


def _print_block(block: Block, console: Console) -> None:
    verdict = _verdict(block)
    heading = Text.assemble((_names(block.hosts), "bold"))
    heading.append(f"  {', '.join(block.like.roles)}", style="dim")
    heading.append(f"  {_tally(verdict)}")
    console.print(heading)
    for finding in verdict.findings:
        _print_finding(finding, console)
    for waived in verdict.waived:
        line = Text.assemble(
            ("waived  ", "dim"),
            f"{waived.finding.rule} {clean(waived.finding.key or '')}: ",
            (clean(waived.waiver.reason), "italic"),
            f" ({clean(waived.waiver.owner)}, until {waived.waiver.until.isoformat()})",
        )
        _write(console, line)
    if verdict.skipped:
        _print_skipped(verdict, console)
    console.print()


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
    facts = [f"live {_live(finding)}"] if finding.live is not None else []
    if finding.wanted:
        facts.append(f"wanted {finding.wanted}")
    if finding.next_boot is not None and finding.next_boot.origin is not Origin.ABSENT:
        facts.append(f"next boot {_boot(finding.next_boot)}")
    if finding.path:
        facts.append(f"{clean(finding.path)}:{finding.line}")
    if finding.state in _TELLING:
        facts.append(str(finding.state))
    if facts:
        _write(console, Text(" · ".join(facts)), _BODY)
    if finding.note:
        _write(console, Text(f"{finding.state}: {clean(finding.note, longest=300)}"), _BODY)
    _write(console, Text(clean(finding.message, longest=600)), _BODY)
    _write(console, Text(f"tuner explain {finding.rule}", style="dim"), _BODY)


def _print_skipped(verdict: Verdict, console: Console) -> None:
    reasons: dict[str, list[str]] = {}
    for skipped in verdict.skipped:
        reasons.setdefault(skipped.reason, []).append(skipped.rule)
    told = [
        f"could not see {clean(reason)}; not judged: {', '.join(rules)}"
        for reason, rules in reasons.items()
    ]
    if len(told) > _REASONS:
        more = list(reasons.values())[_REASONS - 1 :]
        number = sum(map(len, more))
        last = f"could not see {len(more)} more things; {number} more rules not judged"
        told[_REASONS - 1 :] = [f"{last} (--format json names them)"]
    for line in told:
        _write(console, Text.assemble(("unknown ", "magenta"), line))


def _print_failure(block: Block, console: Console) -> None:
    failure = block.like.failure
    if failure is None:
        return
    line = Text.assemble((_names(block.hosts), "bold"), "  ", (failure.kind, "red"))
    _write(console, line)
    _write(console, Text(clean(failure.message, longest=600)), _BODY)
    if failure.hint:
        _write(console, Text(clean(failure.hint, longest=600), style="dim"), _BODY)


def _print_recap(report: Report, found: Sequence[Block], console: Console) -> None:
    console.print(Text("RECAP", style="bold"))
    room = max(20, console.width - _COUNTS - (9 if report.baseline is not None else 0))
    names = [_names_within(block.hosts, room) for block in found]
    widest = max((len(name) for name in names), default=0)
    for block, name in zip(found, names, strict=True):
        line = Text(f"{name:<{widest}} : ")
        if block.like.verdict is None:
            line.append("unreachable", style="red")
        else:
            line.append_text(_counts(block.like.verdict))
            if report.baseline is not None:
                line.append(f"  known={len(block.like.verdict.known)}")
        _write(console, line)
    total = Text(f"{_plural(len(report.hosts), 'host')}: ", style="bold")
    total.append(f"{report.count(Outcome.CLEAN)} clean, ", style="green")
    total.append(f"{report.count(Outcome.FINDINGS)} with findings, ", style="yellow")
    total.append(f"{report.count(Outcome.UNJUDGED)} could not be judged, ", style="magenta")
    total.append(f"{report.count(Outcome.UNREACHABLE)} unreachable", style="red")
    console.print(total)
    partly = sum(bool(host.verdict and host.verdict.skipped) for host in report.hosts)
    if partly:
        console.print(Text(f"{_plural(partly, 'host')} could not be judged by every rule"))
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


def _tally(verdict: Verdict) -> str:
    parts = []
    for severity in sorted(Severity, reverse=True):
        number = sum(finding.severity is severity for finding in verdict.findings)
        if number:
            parts.append(_plural(number, str(severity)))
    if verdict.skipped:
        parts.append(f"{_plural(len(verdict.skipped), 'rule')} could not judge")
    return ", ".join(parts)


def _names(hosts: Sequence[str], most: int = _NAMES) -> str:
    folded = [clean(name) for name in fold(hosts)]
    shown = ", ".join(folded[:most]) + (", …" if len(folded) > most else "")
    return f"{shown} ({len(hosts)} hosts)" if len(hosts) > 1 else shown


def _names_within(hosts: Sequence[str], columns: int) -> str:
    """Return as many names as the columns have room for, and one at least."""
    shorter = (_names(hosts, most) for most in range(_NAMES, 1, -1))
    return next((names for names in shorter if len(names) <= columns), _names(hosts, 1))


def _live(finding: Finding) -> str:
    if isinstance(finding.live, Missing):
        return str(finding.live)
    return clean(str(finding.live)) or "empty"


def _boot(boot: NextBoot) -> str:
    match boot.origin:
        case Origin.FILE:
            return clean(str(boot.value)) or "empty"
        case Origin.DEFAULT:
            return f"{boot.value} (kernel default)"
        case Origin.ABSENT:
            return "no such key"
        case Origin.UNSET:
            return "kernel default"
        case Origin.UNKNOWN:
            return "unknown"


def _write(console: Console, text: Text, indent: int = _INDENT) -> None:
    """Print the text indented; rich's own padding would fill every line up with blanks."""
    for line in text.wrap(console, max(console.width - indent, 10)):
        line.rstrip()
        console.print(Text(" " * indent).append_text(line), no_wrap=True, crop=False)


def _verdict(block: Block) -> Verdict:
    return block.like.verdict or Verdict()


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
