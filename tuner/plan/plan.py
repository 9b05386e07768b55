"""A plan: everything that an apply does to one host, decided before anything is written.

A plan is plain data. Saved and read again it is the same plan; what it does is in ``files`` and
``writes`` alone, and ``seen`` is what the host must still look like for it to hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tuner.sysctl.key import Key
from tuner.sysctl.value import Value


@dataclass(frozen=True, slots=True)
class Change:
    """One key that changes. ``because``: the rules that ask for it; never empty.

    ``live_before`` None: the kernel shows no value. ``write`` False: the live value is right
    already, and only the next boot changes. ``boot_before`` None: not known.
    """

    key: Key
    after: Value
    because: tuple[str, ...]
    live_before: Value | None = None
    boot_before: Value | None = None
    write: bool = True
    safe: bool = True  # cannot cut anybody off or lose traffic
    restorable: bool = True  # the old live value can be put back
    why: str = ""  # one sentence, for the file's comment and for people


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file that is written, replaced or removed.

    ``before`` None: there is no such file. ``after`` None: it is removed. ``mode`` is for a new
    file; an existing one keeps its mode, owner and security context.
    """

    path: str
    before: bytes | None
    after: bytes | None
    mode: int = 0o644
    foreign: bool = False  # not tuner's own: only with --edit-others


UNSEEN = "could not see"
"""How the reason begins of a rule that could not judge the host."""


@dataclass(frozen=True, slots=True)
class Left:
    """A finding or key that the plan does not touch, and why."""

    key: Key | None
    rule: str
    reason: str

    @property
    def unjudged(self) -> bool:
        """Whether nobody knows if there is anything to do: the rule could not judge."""
        return self.key is None and self.reason.startswith(f"{UNSEEN} ")


@dataclass(frozen=True, slots=True)
class Seen:
    """What the plan rests on. Files by the SHA-256 of their content, empty for no such file."""

    kernel: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[Key, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do to one host; ``writes`` in the order in which the kernel wants them."""

    host: str
    roles: tuple[str, ...] = ()
    policy: str = ""  # digest of the resolved policy
    changes: tuple[Change, ...] = ()
    files: tuple[FileChange, ...] = ()
    left: tuple[Left, ...] = ()
    cannot_win: tuple[Left, ...] = ()  # keys that no file of tuner's can decide, and who does
    seen: Seen = field(default_factory=Seen)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.changes and not self.files

    @property
    def writes(self) -> tuple[Change, ...]:
        """The changes whose live value is written, in order."""
        return tuple(change for change in self.changes if change.write)
