"""The tree of errors that tuner expects; anything else is a bug and may show its traceback.

TunerError                     has .hint: what to do now
├── InputError                 the user's own input; names file, line and column
│   ├── UsageError             flags and arguments
│   ├── InventoryError
│   ├── PolicyError
│   ├── ChecklistError         a checklist's questions, or the answers that people attest
│   ├── ReportError            a saved report, baseline or plan that cannot be read
│   └── DumpError              a dump or a host's answer that cannot be read
├── TransportError             this host, this time
│   ├── ConnectError           name, route, port, banner, key exchange
│   ├── AuthError              no key or password was accepted
│   ├── HostKeyError           unknown or changed host key
│   ├── BecomeError            sudo refused
│   ├── TimedOut               a phase took longer than it may
│   └── AnswerError            the host answered something that is not a probe's output
└── Unreadable                 a rule asked for what could not be seen
"""

from __future__ import annotations


class TunerError(Exception):
    """Trouble that tuner expects, with one sentence of advice in ``hint``."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message


class InputError(TunerError):
    """The user's input is wrong; ``file``, ``line`` and ``column`` (from 1) say where."""

    def __init__(
        self,
        message: str,
        *,
        file: str = "",
        line: int = 0,
        column: int = 0,
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.file = file
        self.line = line
        self.column = column

    def __str__(self) -> str:
        place = self.file
        if place and self.line:
            place += f":{self.line}"
            if self.column:
                place += f":{self.column}"
        return f"{place}: {self.message}" if place else self.message


class UsageError(InputError):
    """Flags or arguments that do not fit together."""


class InventoryError(InputError):
    """An inventory that cannot be read or does not mean anything."""


class PolicyError(InputError):
    """A profile that cannot be read, or two roles that contradict each other."""


class ChecklistError(InputError):
    """Questions of a checklist, or attested answers, that cannot be read or do not fit."""


class ReportError(InputError):
    """A saved report, baseline or plan that is damaged, of another version, or none at all."""


class DumpError(InputError):
    """A dump that is cut off, of an unknown version, or no dump at all."""


class TransportError(TunerError):
    """One host could not be asked this time."""


class ConnectError(TransportError):
    """No SSH connection came about: name, route, port, banner or key exchange."""


class AuthError(TransportError):
    """The host accepted none of our keys or passwords."""


class HostKeyError(TransportError):
    """The host's key is unknown or is not the one on record."""


class BecomeError(TransportError):
    """The host refused to let us become another user."""


class TimedOut(TransportError):  # noqa: N818 - the name is the whole message
    """A phase took longer than it may."""


class AnswerError(TransportError):
    """The host's answer is not the probe's output: cut off, too large, or something else."""


class Unreadable(TunerError):  # noqa: N818 - the field's word; only rules see it
    """A rule asked for something the source of this snapshot could not see."""
