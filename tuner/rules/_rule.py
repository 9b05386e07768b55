"""What a rule is: a record and a function.

A rule is one module of this package with a ``RULE``. Its docstring is its page, in these parts:
a first line that names the pattern; *What it flags*; *Why it is wrong*; *Instead*; *Applies to*;
*Evidence*. ``check`` yields findings and raises only ``Unreadable``, by merely asking the snapshot
for something that its source could not see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind, Place
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.files import Setting
from tuner.sysctl.key import Key

Check = Callable[[Snapshot, Policy], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: ``severity`` and ``confidence`` are what a finding has unless it says otherwise.

    ``not_for``: roles of whose hosts the rule says nothing.
    """

    id: str
    kind: Kind
    severity: Severity
    confidence: Confidence
    sources: tuple[str, ...]
    doc: str
    check: Check
    not_for: tuple[str, ...] = ()
    files: bool = False  # judges settings files alone, as `tuner lint` has them

    @property
    def title(self) -> str:
        """The first line of the page, without its full stop."""
        return self.doc.strip().splitlines()[0].rstrip(".")

    def finding(
        self,
        message: str,
        *,
        key: Key | None = None,
        wanted: str = "",
        at: Setting | Place | None = None,
        severity: Severity | None = None,
        confidence: Confidence | None = None,
        fix: Fix | None = None,
    ) -> Finding:
        """Return a finding of this rule.

        Args:
            message: one sentence that says why, with this host's numbers.
            key: the setting it is about; live value and next boot are filled in from it.
            wanted: what should be instead, in words.
            at: the line that causes it, where that is not simply the line that decides ``key``.
            severity: where it differs from the rule's.
            confidence: where it differs from the rule's.
            fix: the value that would cure it.
        """
        return Finding(
            rule=self.id,
            kind=self.kind,
            severity=self.severity if severity is None else severity,
            confidence=self.confidence if confidence is None else confidence,
            message=message,
            key=key,
            wanted=wanted,
            path=at.path if at else "",
            line=at.line if at else 0,
            column=at.column if isinstance(at, Place) else 0,
            fix=fix,
        )
