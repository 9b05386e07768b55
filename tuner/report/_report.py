"""What a run found: one entry a host, grouped where hosts are alike, and the totals."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from tuner.compare.baseline import Use
from tuner.policy.policy import Severity
from tuner.rules._finding import Verdict
from tuner.rules._state import KeyState
from tuner.rules._waivers import Unused


class Outcome(StrEnum):
    """How a host came out of an audit. The four are apart: "could not look" is never "clean"."""

    CLEAN = "clean"  # every rule judged, nothing found
    FINDINGS = "findings"
    UNJUDGED = "unjudged"  # reached, nothing found, but some rule could not see what it needs
    UNREACHABLE = "unreachable"  # not asked, or no usable answer


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a host has no verdict. ``kind`` is a stable word for machines."""

    kind: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class HostReport:
    """One host: its verdict, or why there is none. Hosts whose keys are alike share ``keys``."""

    name: str
    roles: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    kernel: str = ""
    os: str = ""
    verdict: Verdict | None = None
    keys: tuple[KeyState, ...] = ()  # what the policy expects, and where it stands
    failure: Failure | None = None

    @property
    def outcome(self) -> Outcome:
        """The one of the four outcomes."""
        if self.verdict is None:
            return Outcome.UNREACHABLE
        if self.verdict.findings:
            return Outcome.FINDINGS
        return Outcome.UNJUDGED if self.verdict.skipped else Outcome.CLEAN


@dataclass(frozen=True, slots=True)
class Block:
    """Hosts that came out exactly alike. ``id`` is the same for the same result in every run."""

    id: str
    hosts: tuple[str, ...]
    like: HostReport

    @property
    def outcome(self) -> Outcome:
        """The outcome that its hosts share."""
        return self.like.outcome


@dataclass(frozen=True)
class Report:
    """One run over the hosts of an inventory. Times are RFC 3339, UTC."""

    hosts: tuple[HostReport, ...]
    version: str
    started: str
    finished: str
    fail_on: Severity | None = Severity.WARNING  # None: findings never fail the run
    interrupted: bool = False
    baseline: Use | None = None
    unused_waivers: tuple[Unused, ...] = ()

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
    alike: dict[tuple[object, ...], list[HostReport]] = {}
    for host in hosts:
        alike.setdefault(_likeness(host), []).append(host)
    found = [
        Block(
            id=hashlib.sha256(repr(likeness).encode()).hexdigest()[:8],
            hosts=tuple(host.name for host in members),
            like=members[0],
        )
        for likeness, members in alike.items()
    ]
    return sorted(found, key=_rank)


def _likeness(host: HostReport) -> tuple[object, ...]:
    """Return what two hosts must share to be told in one block."""
    if host.failure is not None:
        said = host.failure.message.replace(host.name, "HOST")
        return ("failure", host.failure.kind, re.sub(r"\d+(?:\.\d+){3}|\d+", "N", said))
    return (host.roles, host.verdict)


def _rank(block: Block) -> tuple[int, int, int, str]:
    """Return what blocks are sorted by: severity, how much, how many hosts, name."""
    verdict = block.like.verdict
    if verdict is None:
        return (-1, 0, -len(block.hosts), block.hosts[0])
    worst = verdict.worst or 0
    return (3 - worst, -len(verdict.findings), -len(block.hosts), block.hosts[0])


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
