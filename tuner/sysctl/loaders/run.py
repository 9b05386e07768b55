"""What a loader did: the writes in their order, and what became of every line.

The reasons in ``Fate`` are a closed set; their names are stable, scripts compare them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from tuner.sysctl.files import Entry, Kind, Setting, settings_of
from tuner.sysctl.kernel import Kernel
from tuner.sysctl.key import Key
from tuner.sysctl.lines import Grammar
from tuner.sysctl.numbers import right_pages


class Fate(StrEnum):
    """What became of a line, for one key."""

    SET = "set"  # the kernel took it
    UNCHANGED = "unchanged"  # the kernel had it already, so that nothing was written
    LATER_LINE = "later-line"  # a later line for the same key replaces it
    EQUAL_REPEAT = "equal-repeat"  # repeats an earlier line, and keeps that one's place
    EXCLUDED = "excluded"  # a line with a dash and no value takes the key out
    EXCLUDES = "excludes"  # this is such a line
    EXPLICIT = "explicit"  # a pattern, and the key has a line of its own
    NO_MATCH = "no-match"  # a pattern that fits no key
    REFUSED = "refused"  # the kernel does not take the value
    READ_ONLY = "read-only"  # the key cannot be written
    NO_SUCH_KEY = "no-such-key"  # the kernel has no such key (here, yet, or any more)
    NOT_UNDERSTOOD = "not-understood"  # no assignment in this loader's grammar
    SHADOWED = "shadowed"  # a file of the same name in a stronger folder hides its file
    MASKED = "masked"  # such a file that is empty, or a link to nothing
    NOT_READ = "not-read"  # this loader does not look at its file
    UNREADABLE = "unreadable"  # its file could not be read here, so nobody knows
    FILE_LOST = "file-lost"  # the loader gave its file up before this line
    OVERWRITTEN = "overwritten"  # took effect, until something later changed the key


EFFECTIVE = frozenset({Fate.SET, Fate.UNCHANGED})
"""The fates of a line that decides a key, if nothing later does."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line and what became of it. ``by`` is the place that decided so, ``error`` an errno.

    ``key`` None: the line is about no key. ``changed`` are keys that changed with it.
    """

    setting: Setting
    key: Key | None
    fate: Fate
    by: str = ""
    error: str = ""
    changed: tuple[tuple[Key, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Write:
    """A write to ``/proc/sys``: the key, the bytes, and the errno, empty for none."""

    key: Key
    data: bytes
    error: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that the loader complains about. ``line`` 0: the file as a whole.

    ``fatal``: it makes the loader fail.
    """

    path: str
    line: int
    text: str
    fatal: bool = False


@dataclass(slots=True)
class Run:
    """What one loader did, in order."""

    steps: list[Step] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    exit_code: int = 0

    def add(
        self,
        setting: Setting,
        key: Key | None,
        fate: Fate,
        *,
        by: str = "",
        error: str = "",
        changed: tuple[tuple[Key, str], ...] = (),
    ) -> None:
        """Note what became of a line."""
        self.steps.append(Step(setting, key, fate, by, error, changed))

    def fail(self, setting: Setting | None, text: str, *, path: str = "", code: int = 1) -> None:
        """Note a complaint that makes the loader fail."""
        self.complain(setting, text, path=path, fatal=True)
        self.exit_code |= code

    def complain(
        self, setting: Setting | None, text: str, *, path: str = "", fatal: bool = False
    ) -> None:
        """Note a complaint, by itself one that changes no exit code."""
        place = (setting.path, setting.line) if setting else (path, 0)
        self.problems.append(Problem(*place, text, fatal))

    def unread(self, entry: Entry, fate: Fate, by: str, grammar: Grammar) -> None:
        """Note the lines of a file that plays no part."""
        for _, setting in settings_of(entry.path, entry.content, grammar):
            if setting is not None:
                self.add(setting, setting.key, fate, by=by)

    def put(
        self,
        kernel: Kernel,
        setting: Setting,
        key: Key,
        data: bytes,
        *,
        taken: bytes | None = None,
    ) -> str:
        """Write to an open key; return the errno's name of a refusal, empty for none.

        ``taken``: how much of it the kernel looks at, where the program does not go on. Where it
        does, a list is taken page by page, and what came before a wrong item stands.
        """
        looked_at, then = data if taken is None else taken, ""
        if taken is None and kernel.form(key).kind == "ports":
            looked_at, then = right_pages(data)
        outcome = kernel.write(key, looked_at)
        self.writes.append(Write(key, data, outcome.error))
        changed = tuple((each, kernel.text(each) or "") for each in outcome.changed)
        fate = Fate.REFUSED if outcome.error else Fate.SET
        self.add(setting, key, fate, error=outcome.error or then, changed=changed)
        return outcome.error or then

    def extend(self, other: Run) -> None:
        """Take over what a further program did."""
        self.steps += other.steps
        self.writes += other.writes
        self.problems += other.problems


def place(setting: Setting) -> str:
    """Return file and line of a setting."""
    return f"{setting.path}:{setting.line}"


def places(settings: Iterable[Setting]) -> str:
    """Return files and lines of some settings."""
    return ", ".join(map(place, settings))


def is_there(entry: Entry) -> bool:
    """Tell whether a program finds a regular file behind the entry (``test -f``)."""
    return entry.kind in {Kind.FILE, Kind.UNREADABLE}
