"""What judging a host yields: findings, waived findings, and rules that could not judge."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tuner.policy.policy import Confidence, Severity
from tuner.policy.waiver import Waiver
from tuner.snapshot.snapshot import Reading
from tuner.sysctl.key import Key
from tuner.sysctl.value import Value


class Kind(StrEnum):
    """What a rule's findings are about."""

    POLICY = "policy"  # the host is not what its role wants
    MYTH = "myth"  # a setting that does not do what people believe
    HAZARD = "hazard"  # a setting that breaks something
    HYGIENE = "hygiene"  # files and live values that do not fit together
    PRESSURE = "pressure"  # the kernel's counters show trouble now


class Origin(StrEnum):
    """Who decides a value at the next boot."""

    FILE = "file"  # a line of a file or of the kernel command line
    DEFAULT = "default"  # nobody sets it, and the kernel's default is known
    ABSENT = "absent"  # the kernel has no such key, so that nobody can set it
    UNSET = "unset"  # nobody sets it; the kernel's default is not known for this host
    UNKNOWN = "unknown"  # the source has no files


class State(StrEnum):
    """The one state of a key. The names are stable: scripts compare them."""

    COMPLIANT = "compliant"  # right now and after the next boot
    DRIFTED = "drifted"  # wrong now; the next boot puts it right
    LOST_AT_BOOT = "lost-at-boot"  # right now; the next boot undoes it
    WRONG = "wrong"  # wrong now and after the next boot
    SHADOWED = "shadowed"  # wrong after the next boot, though a line sets it right: it loses
    NOT_SETTABLE = "not-settable"  # the kernel has no such key here, or it cannot be written
    DECIDED_LATER = "decided-later"  # another program writes it after the sysctl files
    UNKNOWN = "unknown"  # the source cannot tell


@dataclass(frozen=True, slots=True)
class NextBoot:
    """What the next boot gives a key, and the line that decides it."""

    origin: Origin
    value: Value | None = None
    path: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file, as an editor shows it; line and column count from 1."""

    path: str
    line: int
    column: int = 0


@dataclass(frozen=True, slots=True)
class Fix:
    """The value that would cure a finding. ``safe``: it cannot cut anybody off or lose traffic."""

    value: str
    safe: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong on one host.

    ``path`` and ``line`` name the line that causes it, or else the one that decides the key.
    """

    rule: str
    kind: Kind
    severity: Severity
    confidence: Confidence
    message: str  # one sentence: why it is wrong, here
    key: Key | None = None
    live: Reading | None = None
    wanted: str = ""  # in words: "1", "at least 4096", "no such line"
    next_boot: NextBoot | None = None
    path: str = ""
    line: int = 0
    column: int = 0  # of the byte, from 1; 0 where only the line is known
    fix: Fix | None = None
    parts: tuple[Finding, ...] = ()  # findings that this one sums up, each with its own cure
    state: State | None = None  # where the policy expects something of the key
    note: str = ""  # what decides the state


@dataclass(frozen=True, slots=True)
class Waived:
    """A finding that a waiver covers; it stays visible."""

    finding: Finding
    waiver: Waiver


@dataclass(frozen=True, slots=True)
class Skipped:
    """A rule that could not judge, what it could not see, and what would show it if that helps."""

    rule: str
    reason: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Everything that the rules say of one host, in a deterministic order."""

    findings: tuple[Finding, ...] = ()
    waived: tuple[Waived, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    known: tuple[Finding, ...] = ()  # of the baseline: shown, and no reason to fail

    @property
    def single(self) -> tuple[Finding, ...]:
        """Every finding by itself: those that one sums up in place of it."""
        return tuple(part for finding in self.findings for part in (finding.parts or (finding,)))

    @property
    def worst(self) -> Severity | None:
        """The highest severity among the findings, None without any."""
        return max((finding.severity for finding in self.findings), default=None)
