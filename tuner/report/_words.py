"""How a finding is put into words, the same in every format.

Whatever a host chose passes through ``clean`` here; what a format needs on top of that (escapes of
XML, HTML, Markdown) it adds itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from tuner.policy.policy import Severity
from tuner.report._clean import clean
from tuner.report._report import Cause, Failure, Outcome, Report, fold
from tuner.rules._finding import Finding, NextBoot, Origin, State, Verdict
from tuner.rules._state import KeyState
from tuner.snapshot.snapshot import Missing, Reading

LONGEST = 600
"""Characters of a sentence."""

_TELLING = frozenset({State.DRIFTED, State.LOST_AT_BOOT})
"""States that say more than live value and next boot do; those with a note have that."""
_NOBODY = {Origin.DEFAULT, Origin.UNSET}
_NAMES = 6
_VALUES = 3  # of a cause, that are told with their numbers of hosts

OUTCOMES = {
    Outcome.CLEAN: "clean",
    Outcome.FINDINGS: "with findings",
    Outcome.UNJUDGED: "could not be judged",
    Outcome.UNREACHABLE: "unreachable",
}
"""What the summary calls them."""


def plural(number: int, noun: str) -> str:
    """Return the number and the noun, as in 1 host, 2 hosts, 10,000 hosts."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def names(hosts: Sequence[str], most: int) -> str:
    """Return the names as ranges, at most so many of them, and how many hosts they are."""
    folded = [clean(name) for name in fold(hosts)]
    shown = ", ".join(folded[:most]) + (", …" if len(folded) > most else "")
    return f"{shown} ({plural(len(hosts), 'host')})" if len(hosts) > 1 else shown


def said(host: str, failure: Failure) -> str:
    """Return why a host has no verdict, to be told after its name, which is not said twice."""
    name, text = clean(host), clean(failure.message, longest=LONGEST)
    for start in (f"{name}: ", f"{name} ("):
        if text.startswith(start):
            return text[len(name) :].removeprefix(":").lstrip()
    return text


def tally(verdict: Verdict) -> str:
    """Return how many findings of each severity there are, in words."""
    parts = []
    for severity in sorted(Severity, reverse=True):
        number = sum(finding.severity is severity for finding in verdict.findings)
        if number:
            parts.append(plural(number, str(severity)))
    if verdict.skipped:
        parts.append(f"{plural(len(verdict.skipped), 'rule')} could not judge")
    return ", ".join(parts)


def reading(live: Reading) -> str:
    """Return a live value, or why there is none."""
    return str(live) if isinstance(live, Missing) else clean(str(live)) or "empty"


def next_boot(boot: NextBoot) -> str:
    """Return what the next boot gives."""
    match boot.origin:
        case Origin.FILE:
            return clean(str(boot.value)) or "empty"
        case Origin.DEFAULT:
            return f"{clean(str(boot.value)) or 'empty'} (kernel default)"
        case Origin.ABSENT:
            return "no such key"
        case Origin.UNSET:
            return "kernel default"
        case Origin.UNKNOWN:
            return "unknown"


def place(path: str, line: int) -> str:
    """Return path and line; a line of 0 is none, or several."""
    return f"{clean(path)}:{line}" if line else clean(path)


def where(finding: Finding) -> str:
    """Return the place that causes a finding; a setting that no file decides has that said."""
    if finding.path:
        return place(finding.path, finding.line)
    boot = finding.next_boot
    return "no file" if boot is not None and boot.origin in _NOBODY else ""


def facts(finding: Finding) -> list[str]:
    """Return live value, wish, next boot and place, as far as the finding has them."""
    told = [f"live {reading(finding.live)}"] if finding.live is not None else []
    if finding.wanted:
        told.append(f"wanted {clean(finding.wanted)}")
    if finding.next_boot is not None and finding.next_boot.origin is not Origin.ABSENT:
        told.append(f"next boot {next_boot(finding.next_boot)}")
    if finding.path:
        told.append(place(finding.path, finding.line))
    if finding.state in _TELLING:
        told.append(str(finding.state))
    return told


def standing(finding: Finding) -> str:
    """Return the state that the finding's setting has, and what decides it; empty for none."""
    note = clean(finding.note, longest=LONGEST)
    if finding.state is None or not (note or finding.state in _TELLING):
        return ""
    return f"{finding.state}: {note}" if note else str(finding.state)


def cause_place(cause: Cause) -> str:
    """Return the place of a cause, "no file" where none decides on any host."""
    if cause.finding.path:
        return place(cause.finding.path, cause.finding.line)
    nobody = cause.boots and all(boot.origin in _NOBODY for boot, _ in cause.boots)
    return "no file" if nobody else ""


def cause_facts(cause: Cause) -> dict[str, str]:
    """Return the same of a cause, by name; values that differ come with their numbers of hosts."""
    finding = cause.finding
    told = {
        "live": _counted([(reading(live), number) for live, number in cause.lives]),
        "wanted": clean(finding.wanted, longest=LONGEST),
        "next boot": _counted([(next_boot(boot), number) for boot, number in cause.boots]),
        "decided by": cause_place(cause),
    }
    return {name: words for name, words in told.items() if words}


def _counted(values: list[tuple[str, int]]) -> str:
    counts: dict[str, int] = {}
    for words, number in values:
        counts[words] = counts.get(words, 0) + number
    if len(counts) < 2:  # noqa: PLR2004 - all have the same
        return "".join(counts)
    first = list(counts.items())[:_VALUES]
    told = [f"{words} on {plural(number, 'host')}" for words, number in first]
    more = len(counts) - len(first)
    return ", ".join(told) + (f", and {more:,} more" if more else "")


def key_facts(row: KeyState) -> dict[str, str]:
    """Return the four values of a key, its state and the line that decides, all in words."""
    boot = row.next_boot
    then, decider = next_boot(boot), place(boot.path, boot.line)
    if boot.origin is Origin.DEFAULT:
        then, decider = clean(str(boot.value)), "kernel default"
    elif boot.origin is Origin.UNSET:
        decider = "no file"
    return {
        "key": clean(row.key),
        "state": str(row.state),
        "wanted": clean(row.wanted, longest=LONGEST),
        "live": reading(row.live),
        "next_boot": then,
        "default": "" if row.default is None else clean(str(row.default)),
        "where": decider,
        "note": clean(row.note, longest=LONGEST),
    }


def remarks(report: Report) -> list[str]:
    """Return what is to be said of the run's baseline and of waivers, a sentence each."""
    told = []
    if report.baseline is not None:
        use = report.baseline
        verb = "is" if use.known == 1 else "are"
        told.append(f"{plural(use.known, 'finding')} {verb} known, by {clean(use.file)}.")
        if use.gone:
            verb = "occurs" if len(use.gone) == 1 else "occur"
            told.append(f"{plural(len(use.gone), 'known finding')} no longer {verb}.")
    for unused in report.unused_waivers:
        waiver = unused.waiver
        what = " ".join(part for part in (waiver.rule, waiver.key) if part)
        told.append(
            f"The waiver of {clean(what)} ({clean(waiver.owner)}, until "
            f"{waiver.until.isoformat()}) covers nothing on {names(unused.hosts, _NAMES)}."
            + (f" Did you mean {clean(unused.meant)}?" if unused.meant else "")
        )
    return told


def message(finding: Finding) -> str:
    """Return the sentence that says why."""
    return clean(finding.message, longest=LONGEST)


def unseen(verdict: Verdict) -> dict[str, list[str]]:
    """Return what could not be seen → the rules that could not judge for it."""
    reasons: dict[str, list[str]] = {}
    for skipped in verdict.skipped:
        reasons.setdefault(clean(skipped.reason), []).append(skipped.rule)
    return reasons


def remedies(verdict: Verdict) -> list[str]:
    """Return what would show the rules what they could not see, each once."""
    return list(dict.fromkeys(clean(one.hint) for one in verdict.skipped if one.hint))
