"""What a way to a host must do: run one script there and bring back what it said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

Whole = Callable[[bytes], bool]
"""Tells of a standard output whether nothing more can follow."""


@dataclass(frozen=True, slots=True)
class Completed:
    """The end of one script: exit status (-1 for a signal or none) and both outputs."""

    status: int
    stdout: bytes
    stderr: bytes


class Transport(Protocol):
    """An open way to one host."""

    def run(
        self, script: str, *, timeout: float, limit: int, whole: Whole | None = None
    ) -> Completed:
        """Run a POSIX sh script, under the host's become settings.

        Args:
            script: goes in on the standard input of ``sh``.
            timeout: seconds that the script may take.
            limit: bytes of standard output to accept; a longer answer is an error.
            whole: with it, a script that has said all has ended well: neither its exit status
                counts, nor that something else holds its output open.

        Raises:
            TimedOut: the script did not end in time.
            AnswerError: the answer is larger than ``limit``.
            BecomeError: sudo refused.
            TransportError: the connection broke.
        """
        ...
