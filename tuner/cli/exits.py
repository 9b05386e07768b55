"""What tuner's exit codes mean; the README's table says the same, and a test compares them."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes, where several apply the one that is listed last counts."""

    CLEAN = 0
    FINDINGS = 1
    USAGE = 2
    INCOMPLETE = 3
    CHANGE_FAILED = 4
    INTERRUPTED = 130
    BROKEN_PIPE = 141

    @property
    def meaning(self) -> str:
        """What the code tells a script."""
        return _MEANINGS[self]


_MEANINGS = {
    Exit.CLEAN: "every host was judged, and nothing is at or above --fail-on; plan: nothing to do",
    Exit.FINDINGS: "findings at or above --fail-on; plan: there is something to do",
    Exit.USAGE: "usage, inventory or profile is wrong, or a dump is not there; nothing was asked",
    Exit.INCOMPLETE: "incomplete: some host, dump or rule could not be judged",
    Exit.CHANGE_FAILED: "a change failed or was reverted",
    Exit.INTERRUPTED: "interrupted; the hosts that had answered are reported",
    Exit.BROKEN_PIPE: "the reader of the output closed it",
}
