"""What a run found: one entry a host, grouped where hosts are alike, and the totals."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from itertools import groupby
from typing import TypeVar

from tuner.compare.baseline import Use
from tuner.policy.policy import Severity
from tuner.policy.waiver import Waiver
from tuner.report._alike import (
    Identity,
    digest,
    identify,
    identify_cause,
    merge,
    sum_up,
    waiver_identity,
    without_numbers,
)
from tuner.report._gauges import Gauges
from tuner.rules._finding import Finding, NextBoot, Verdict, Waived
from tuner.rules._state import KeyState
from tuner.rules._waivers import Unused
from tuner.snapshot.snapshot import Reading


class Outcome(StrEnum):
    """How a host came out of an audit. The four are apart: "could not look" is never "clean"."""

    CLEAN = "clean"  # every rule judged, nothing found
    FINDINGS = "findings"
    # Nothing found, but some rule could not see what it needs; or a dump that cannot be read.
    UNJUDGED = "unjudged"
    UNREACHABLE = "unreachable"  # not asked, or no usable answer


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a host has no verdict. ``kind`` is a stable word for machines."""

    kind: str
    message: str
    hint: str = ""

    def likeness(self, host: str) -> tuple[str, ...]:
        """Return what the failures of two hosts must share to be told as one."""
        said = without_numbers(_nameless(self.message, host))
        # That of a host key is a command for this host alone; others may name the host in passing.
        hint = self.hint if self.kind == _HOST_KEY else _nameless(self.hint, host)
        return ("failure", self.kind, said, *([hint] if hint else []))


_HOST_KEY = "host-key"
_DUMP = "dump"
"""The kind of failure that is a dump's own: nobody was asked, so nobody was out of reach."""


@dataclass(frozen=True, slots=True)
class HostReport:
    """One host: its verdict, or why there is none. Hosts that are alike share what they hold."""

    name: str
    roles: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    kernel: str = ""
    os: str = ""
    verdict: Verdict | None = None
    keys: tuple[KeyState, ...] = ()  # what the policy expects, and where it stands
    failure: Failure | None = None
    gauges: Gauges | None = None

    @property
    def outcome(self) -> Outcome:
        """The one of the four outcomes."""
        if self.verdict is None:
            unread = self.failure is not None and self.failure.kind == _DUMP
            return Outcome.UNJUDGED if unread else Outcome.UNREACHABLE
        if self.verdict.findings:
            return Outcome.FINDINGS
        return Outcome.UNJUDGED if self.verdict.skipped else Outcome.CLEAN


@dataclass(frozen=True, slots=True)
class Block:
    """Hosts that came out alike: the same findings from the same files.

    ``id`` is the same for the same result in every run, whoever the hosts are. ``like`` is what
    they share: line numbers that differ are 0, numbers that differ in a sentence are ranges.
    """

    id: str
    hosts: tuple[str, ...]
    like: HostReport

    @property
    def outcome(self) -> Outcome:
        """The outcome that its hosts share."""
        return self.like.outcome


@dataclass(frozen=True, slots=True)
class Cause:
    """One rule's finding on one setting by one file, and every host that has it.

    ``id`` is the same in every run. ``finding`` has what its hosts share; ``lives`` and ``boots``
    are the values that they have, each with how many have it, the most frequent first. ``waiver``:
    these hosts live with it; ``known``: the baseline knows it of them.
    """

    id: str
    finding: Finding
    hosts: tuple[str, ...]
    blocks: tuple[Block, ...]
    lives: tuple[tuple[Reading, int], ...] = ()
    boots: tuple[tuple[NextBoot, int], ...] = ()
    waiver: Waiver | None = None
    known: bool = False


@dataclass(frozen=True)
class Report:
    """One run over the hosts of an inventory. Times are RFC 3339, UTC.

    ``whom`` are the words of the command line that name these hosts again. ``whole``: no limit left
    out any host of the inventory. ``limitable``: a limit can leave some of them out.
    """

    hosts: tuple[HostReport, ...]
    version: str
    started: str
    finished: str
    fail_on: Severity | None = Severity.WARNING  # None: findings never fail the run
    interrupted: bool = False
    whom: tuple[str, ...] = ()
    whole: bool = True
    limitable: bool = True
    baseline: Use | None = None
    unused_waivers: tuple[Unused, ...] = ()

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The hosts grouped by what was found, the worst block first."""
        return tuple(blocks(self.hosts))

    @cached_property
    def causes(self) -> tuple[Cause, ...]:
        """Every finding once, with its hosts, the worst first."""
        return tuple(causes(self.blocks))

    def count(self, outcome: Outcome) -> int:
        """Return how many hosts came out so."""
        return sum(host.outcome is outcome for host in self.hosts)

    def severities(self) -> dict[Severity, int]:
        """Return how many findings there are of each severity, the worst first."""
        counts = dict.fromkeys(sorted(Severity, reverse=True), 0)
        for host in self.hosts:
            for finding in host.verdict.findings if host.verdict else ():
                counts[finding.severity] += 1
        return counts

    @property
    def failed(self) -> bool:
        """Whether a finding is at or above ``fail_on``."""
        if self.fail_on is None:
            return False
        return any(
            host.verdict is not None
            and host.verdict.worst is not None
            and host.verdict.worst >= self.fail_on
            for host in self.hosts
        )

    @property
    def incomplete(self) -> bool:
        """Whether some host or some rule could not be judged."""
        return any(host.verdict is None or host.verdict.skipped for host in self.hosts)


def blocks(hosts: Iterable[HostReport]) -> list[Block]:
    """Return the hosts grouped by what was found, the worst block first."""
    known: dict[int, Identity] = {}
    alike: dict[tuple[object, ...], list[HostReport]] = {}
    for host in hosts:
        alike.setdefault(_likeness(host, known), []).append(host)
    found = [
        Block(digest(likeness), tuple(host.name for host in members), _merged(members))
        for likeness, members in alike.items()
    ]
    return sorted(found, key=_rank)


def causes(found: Iterable[Block]) -> list[Cause]:
    """Return every cause in the blocks once, the worst first, then that of the most hosts."""
    alike: dict[Identity, list[tuple[Finding, Waiver | None, Block]]] = {}
    for block in found:
        verdict = block.like.verdict or Verdict()
        for finding in verdict.findings:
            alike.setdefault(identify_cause(finding), []).append((finding, None, block))
        for finding in verdict.known:
            identity = (*identify_cause(finding), _KNOWN)
            alike.setdefault(identity, []).append((finding, None, block))
        for waived in verdict.waived:
            entry = (waived.finding, waived.waiver, block)
            identity = (*identify_cause(waived.finding), *waiver_identity(waived.waiver))
            alike.setdefault(identity, []).append(entry)
    made = []
    for identity, members in alike.items():
        its_blocks = tuple({id(block): block for _, _, block in members}.values())
        lives: Counter[Reading] = Counter()
        boots: Counter[NextBoot] = Counter()
        for finding, _, block in members:
            if finding.live is not None:
                lives[finding.live] += len(block.hosts)
            if finding.next_boot is not None:
                boots[replace(finding.next_boot, line=0)] += len(block.hosts)
        made.append(
            Cause(
                id=digest(identity),
                finding=sum_up([finding for finding, _, _ in members]),
                hosts=tuple(name for block in its_blocks for name in block.hosts),
                blocks=its_blocks,
                lives=_frequent(lives),
                boots=_frequent(boots),
                waiver=members[0][1],
                known=identity[-1] == _KNOWN,
            )
        )
    return sorted(made, key=_weight)


_KNOWN = "known"
Thing = TypeVar("Thing")


def _frequent(counts: Counter[Thing]) -> tuple[tuple[Thing, int], ...]:
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], str(item[0]))))


def _likeness(host: HostReport, known: dict[int, Identity]) -> tuple[object, ...]:
    """Return what two hosts must share to be told in one block; ``known`` saves work."""
    if host.failure is not None:
        return host.failure.likeness(host.name)
    verdict = host.verdict or Verdict()

    def of(finding: Finding) -> Identity:
        found = known.get(id(finding))
        if found is None:
            found = known[id(finding)] = identify(finding)
        return found

    return (
        host.roles,
        tuple(of(finding) for finding in verdict.findings),
        tuple((*of(one.finding), *waiver_identity(one.waiver)) for one in verdict.waived),
        tuple((skipped.rule, skipped.reason, skipped.hint) for skipped in verdict.skipped),
        *(of(finding) for finding in verdict.known),
    )


def _nameless(text: str, host: str) -> str:
    return re.sub(rf"(?<![\w-]){re.escape(host)}(?![\w-])", "HOST", text) if host else text


def _merged(members: Sequence[HostReport]) -> HostReport:
    """Return what hosts that are alike share, as one host."""
    first = members[0]
    if first.failure is not None:
        if len({host.failure.hint for host in members if host.failure}) > 1:
            hint = _nameless(first.failure.hint, first.name)
            return replace(first, failure=replace(first.failure, hint=hint))
        return first
    verdicts = list({id(host.verdict): host.verdict for host in members if host.verdict}.values())
    if len(verdicts) < 2:  # noqa: PLR2004 - nothing to merge
        return first
    findings = zip(*(verdict.findings for verdict in verdicts), strict=True)
    waived = zip(*(verdict.waived for verdict in verdicts), strict=True)
    known = zip(*(verdict.known for verdict in verdicts), strict=True)
    return replace(
        first,
        verdict=Verdict(
            findings=tuple(merge(same) for same in findings),
            waived=tuple(
                Waived(merge([one.finding for one in same]), same[0].waiver) for same in waived
            ),
            skipped=verdicts[0].skipped,
            known=tuple(merge(same) for same in known),
        ),
    )


def _rank(block: Block) -> tuple[int, int, int, str]:
    """Return what blocks are sorted by: severity, how much, how many hosts, name."""
    verdict = block.like.verdict
    if verdict is None:
        return (-1, 0, -len(block.hosts), min(block.hosts))
    worst = verdict.worst or 0
    return (3 - worst, -len(verdict.findings), -len(block.hosts), min(block.hosts))


def _weight(cause: Cause) -> tuple[bool, bool, int, int, str, str, str, str]:
    """Return what causes are sorted by: what counts before what does not, then as blocks."""
    finding = cause.finding
    return (
        cause.waiver is not None,
        cause.known,
        -finding.severity,
        -len(cause.hosts),
        finding.rule,
        finding.key or "",
        finding.path,
        cause.id,
    )


def fold(names: Sequence[str]) -> list[str]:
    """Return the names in Ansible's range notation: web01, web02, web03 → ``web[01:03]``.

    Runs of three or more names that differ in one trailing number (before a common suffix) are
    folded, so that four hundred hosts fit on a line.
    """
    folded = []
    split = [(_number(name), name) for name in names]
    split.sort(key=lambda item: (item[0][0], item[0][2], item[0][1] is None, item[0][1] or 0))
    for (prefix, suffix, width), members in groupby(
        split, key=lambda item: (item[0][0], item[0][2], item[0][3])
    ):
        numbered = list(members)
        while numbered:
            run = 1
            first = numbered[0][0][1]
            while first is not None and run < len(numbered) and numbered[run][0][1] == first + run:
                run += 1
            if first is not None and run > 2:  # noqa: PLR2004 - two names are shorter as they are
                low, high = f"{first:0{width}d}", f"{first + run - 1:0{width}d}"
                folded.append(f"{prefix}[{low}:{high}]{suffix}")
            else:
                run = 1
                folded.append(numbered[0][1])
            numbered = numbered[run:]
    return folded


_NUMBER = re.compile(r"(.*?[^0-9])?([0-9]{1,9})((?:\.[A-Za-z].*)?)")


def _number(name: str) -> tuple[str, int | None, str, int]:
    """Return prefix, number, suffix and width of the number; no number: the whole as prefix."""
    match = _NUMBER.fullmatch(name)
    if match is None:
        return (name, None, "", 0)
    prefix, digits, suffix = match.groups(default="")
    width = len(digits) if digits.startswith("0") else 0
    return (prefix, int(digits), suffix, width)
