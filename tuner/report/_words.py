"""How a finding is put into words, the same in every format.

Whatever a host chose passes through ``clean`` here; what a format needs on top of that (escapes of
XML, HTML, Markdown) it adds itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from tuner.policy.policy import Severity
from tuner.report._clean import clean
from tuner.report._report import Outcome, fold
from tuner.rules._finding import Finding, NextBoot, Origin, Verdict
from tuner.rules._state import KeyState
from tuner.snapshot.snapshot import Missing, Reading

LONGEST = 600
"""Characters of a sentence."""

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
            return f"{clean(str(boot.value))} (kernel default)"
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
    return "no file" if boot is not None and boot.origin in {Origin.DEFAULT, Origin.UNSET} else ""


def facts(finding: Finding) -> list[str]:
    """Return live value, wish, next boot and place, as far as the finding has them."""
    told = [f"live {reading(finding.live)}"] if finding.live is not None else []
    if finding.wanted:
        told.append(f"wanted {clean(finding.wanted)}")
    if finding.next_boot is not None:
        told.append(f"next boot {next_boot(finding.next_boot)}")
    if finding.path:
        told.append(place(finding.path, finding.line))
    return told


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


def message(finding: Finding) -> str:
    """Return the sentence that says why."""
    return clean(finding.message, longest=LONGEST)


def unseen(verdict: Verdict) -> dict[str, list[str]]:
    """Return what could not be seen → the rules that could not judge for it."""
    reasons: dict[str, list[str]] = {}
    for skipped in verdict.skipped:
        reasons.setdefault(clean(skipped.reason), []).append(skipped.rule)
    return reasons
