"""Findings that are known: kept, counted and shown, but no reason to fail a run.

A known finding is a rule and a key on some hosts, and no worse than it was. Lines and messages do
not count, since they shift. A baseline hides nothing new: one more finding of the same rule and
key on a host, or one that has become more severe, is not known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter

from tuner.documents import Document, scalar
from tuner.errors import InventoryError, ReportError
from tuner.inventory.scope import Matched, Scopes
from tuner.policy.policy import Severity
from tuner.rules._finding import Finding, Verdict

_VERSION = 1
NEVER_KNOWN = {"expired-waiver"}  # a waiver's end is there to be noticed
_LARGEST = 64 << 20  # characters; 10,000 hosts whose names make no ranges have about 2 million
_HEAD = """\
# Known findings, as `tuner audit --write-baseline` found them. `tuner audit --baseline` of this
# file shows them and does not fail for them. Take out what is mended; `hosts` takes hosts, ranges,
# groups and role=NAME.
"""


def _severity(given: object) -> object:
    words = {str(severity): severity for severity in Severity}
    if isinstance(given, str) and given not in words:
        raise ValueError(f"{given!r} is not one of {', '.join(words)}")
    return words.get(given, given) if isinstance(given, str) else given


def _listed(given: object) -> object:
    return (given,) if isinstance(given, str) else given


class Entry(BaseModel):
    """A finding on some hosts. ``times``: how often it occurs on each of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: str = Field(min_length=1)
    key: str | None = None
    severity: Annotated[Severity, BeforeValidator(_severity)]
    times: int = Field(default=1, ge=1)
    hosts: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(min_length=1)


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int
    findings: tuple[Entry, ...] = ()


_SHAPE = TypeAdapter(_File)


@dataclass(frozen=True, slots=True)
class Gone:
    """Known findings that no longer occur, though their hosts were judged or are no more."""

    rule: str
    key: str | None
    severity: Severity
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Use:
    """What a run made of a baseline."""

    file: str
    known: int
    gone: tuple[Gone, ...] = ()


class Baseline:
    """The entries of one file, and which of them concern a host."""

    def __init__(
        self, entries: Sequence[Entry], *, file: str = "", document: Document[_File] | None = None
    ) -> None:
        self.file = file
        self.entries = tuple(entries)
        self._document = document
        self._matched: list[Matched] = []
        self._by_host: dict[str, list[Entry]] = {}

    def bind(self, scopes: Scopes) -> None:
        """Find out which hosts each entry is about.

        Raises:
            ReportError: a term of ``hosts`` is malformed.
        """
        self._matched = [
            self._find(scopes, entry, number) for number, entry in enumerate(self.entries)
        ]
        self._by_host = {}
        for entry, matched in zip(self.entries, self._matched, strict=True):
            for name in matched.names:
                self._by_host.setdefault(name, []).append(entry)

    def split(self, host: str, verdict: Verdict) -> Verdict:
        """Return the verdict with the findings that are known set apart."""
        entries = self._by_host.get(host, ())
        if not entries:
            return verdict
        room = [entry.times for entry in entries]
        kept, known = [], list(verdict.known)
        for finding in verdict.findings:
            for number, entry in enumerate(entries):
                if room[number] and _covers(entry, finding):
                    room[number] -= 1
                    known.append(finding)
                    break
            else:
                kept.append(finding)
        return replace(verdict, findings=tuple(kept), known=tuple(known))

    def use(self, verdicts: Mapping[str, Verdict | None], *, whole: bool) -> Use:
        """Return how many findings were known, and which entries no longer occur.

        Args:
            verdicts: of every host of the run, already split; None where it was not judged.
            whole: these are all hosts of the inventory, so that others are no more.
        """
        known = sum(len(verdict.known) for verdict in verdicts.values() if verdict)
        return Use(self.file, known, tuple(self._gone(verdicts, whole=whole)))

    def unjudged(self, verdicts: Mapping[str, Verdict | None]) -> Iterator[Entry]:
        """Yield the entries, or what is left of them, that a run could say nothing about."""
        for entry, matched in zip(self.entries, self._matched, strict=True):
            hosts = [
                *(name for name in matched.names if not _judged(entry, verdicts.get(name))),
                *matched.unmatched,
            ]
            if hosts:
                yield entry.model_copy(update={"hosts": tuple(sorted(hosts))})

    def _gone(self, verdicts: Mapping[str, Verdict | None], *, whole: bool) -> Iterator[Gone]:
        for entry, matched in zip(self.entries, self._matched, strict=True):
            hosts = [
                name
                for name in matched.names
                if _judged(entry, verdicts.get(name)) and not _occurs(entry, verdicts.get(name))
            ]
            if whole:
                hosts += matched.unmatched
            if hosts:
                yield Gone(entry.rule, entry.key, entry.severity, tuple(sorted(hosts)))

    def _find(self, scopes: Scopes, entry: Entry, number: int) -> Matched:
        names: set[str] = set()
        unmatched: list[str] = []
        for place, term in enumerate(entry.hosts):
            try:
                matched = scopes.find(term)
            except InventoryError as error:
                if self._document is None:
                    raise
                self._document.fail(
                    error.message, "findings", number, "hosts", place, hint=error.hint
                )
            names |= matched.names
            unmatched += matched.unmatched
        return Matched(frozenset(names), tuple(unmatched))


def parse_baseline(text: str, *, file: str = "") -> Baseline:
    """Return the baseline that a file holds.

    Raises:
        ReportError: it is none, or of another version; with file, line and column.
    """
    document = Document(
        text,
        _SHAPE,
        file=file,
        error=ReportError,
        names=(*_File.model_fields, *Entry.model_fields),
        largest=_LARGEST,
    )
    if document.value.version != _VERSION:
        document.fail(
            f"a baseline of version {document.value.version}; this tuner reads {_VERSION}",
            "version",
            hint="write it anew: tuner audit --write-baseline FILE",
        )
    return Baseline(document.value.findings, file=file, document=document)


def found(verdicts: Mapping[str, Verdict | None], kept: Iterable[Entry] = ()) -> list[Entry]:
    """Return entries for everything that was found, known or not; waived findings are no entries.

    Args:
        verdicts: of every host; None where it was not judged.
        kept: entries that this run could say nothing about.
    """
    alike: dict[tuple[str, str | None, Severity, int], list[str]] = {}
    for host, verdict in verdicts.items():
        if verdict is None:
            continue
        counts: Counter[tuple[str, str | None]] = Counter()
        worst: dict[tuple[str, str | None], Severity] = {}
        for finding in (*verdict.findings, *verdict.known):
            if finding.rule in NEVER_KNOWN:
                continue
            name = (finding.rule, finding.key)
            counts[name] += 1
            worst[name] = max(finding.severity, worst.get(name, Severity.NOTE))
        for (rule, key), times in counts.items():
            alike.setdefault((rule, key, worst[rule, key], times), []).append(host)
    for entry in kept:
        like = (entry.rule, entry.key, entry.severity, entry.times)
        alike.setdefault(like, []).extend(entry.hosts)
    return [
        Entry(rule=rule, key=key, severity=severity, times=times, hosts=tuple(hosts))
        for (rule, key, severity, times), hosts in sorted(
            alike.items(), key=lambda item: (-item[0][2], item[0][0], item[0][1] or "", item[0][3])
        )
    ]


def print_baseline(
    entries: Iterable[Entry], fold: Callable[[Sequence[str]], list[str]]
) -> Iterator[str]:
    """Yield the file of some entries; ``fold`` writes many hosts as few ranges."""
    yield f"{_HEAD}\nversion: {_VERSION}\nfindings:"
    empty = True
    for entry in entries:
        empty = False
        yield f"\n- rule: {scalar(entry.rule)}\n"
        if entry.key is not None:
            yield f"  key: {scalar(entry.key)}\n"
        yield f"  severity: {entry.severity!s}\n"
        if entry.times > 1:
            yield f"  times: {entry.times}\n"
        yield "  hosts:\n"
        for term in fold(entry.hosts):
            yield f"  - {scalar(term)}\n"
    yield " []\n" if empty else ""


def _covers(entry: Entry, finding: Finding) -> bool:
    return (
        entry.rule == finding.rule
        and entry.key == finding.key
        and finding.severity <= entry.severity
        and finding.rule not in NEVER_KNOWN
    )


def _judged(entry: Entry, verdict: Verdict | None) -> bool:
    return verdict is not None and all(skipped.rule != entry.rule for skipped in verdict.skipped)


def _occurs(entry: Entry, verdict: Verdict | None) -> bool:
    if verdict is None:
        return False
    everything = (*verdict.findings, *verdict.known, *(it.finding for it in verdict.waived))
    return any(it.rule == entry.rule and it.key == entry.key for it in everything)
