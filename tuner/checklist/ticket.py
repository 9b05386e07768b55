"""What a saved plan means to those who must agree to it: changes, risks, and the way back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from tuner.errors import ReportError
from tuner.sysctl.key import Key

_AGAIN = "make the plan again: tuner plan -o FILE"
_LISTENS_AGAIN = Key("net.core.somaxconn")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class PlannedChange(_Frozen):
    """One key. ``live_before`` None: the kernel shows no value."""

    key: str
    after: str
    because: tuple[str, ...] = ()
    live_before: str | None = None
    boot_before: str | None = None
    write: bool = True  # the live value changes, not only the next boot's
    safe: bool = True
    restorable: bool = True
    why: str = ""


class PlannedFile(_Frozen):
    """One file. ``before`` and ``after`` None: there is none before, or afterwards."""

    path: str
    before: str | None = None
    after: str | None = None
    foreign: bool = False

    @property
    def verb(self) -> str:
        """What happens to the file."""
        if self.after is None:
            return "remove"
        return "add" if self.before is None else "change"


class PlannedLeft(_Frozen):
    """A key or finding that the plan does not touch, or cannot decide."""

    key: str | None = None
    rule: str = ""
    reason: str


class _Seen(_Frozen):
    kernel: str = ""


class PlannedHost(_Frozen):
    """What the plan does to one host."""

    host: str
    roles: tuple[str, ...] = ()
    policy: str = ""
    changes: tuple[PlannedChange, ...] = ()
    files: tuple[PlannedFile, ...] = ()
    left: tuple[PlannedLeft, ...] = ()
    cannot_win: tuple[PlannedLeft, ...] = ()
    seen: _Seen = _Seen()

    @property
    def empty(self) -> bool:
        """Whether nothing is to be done."""
        return not self.changes and not self.files

    @property
    def keys(self) -> frozenset[Key]:
        """The keys that the plan puts right."""
        return frozenset(Key(change.key) for change in self.changes)


class PlanFailure(_Frozen):
    """A host that no plan could be made for."""

    host: str
    message: str


class _Saved(_Frozen):
    digest: str
    plans: tuple[PlannedHost, ...]
    failures: tuple[PlanFailure, ...] = ()


_SHAPE = TypeAdapter(_Saved)


@dataclass(frozen=True, slots=True)
class Ticket:
    """A saved plan. ``unplanned``: hosts that no plan could be made for, and why."""

    file: str
    digest: str
    hosts: Mapping[str, PlannedHost]
    unplanned: Mapping[str, str] = field(default_factory=dict)


def read_ticket(text: str, *, file: str) -> Ticket:
    """Return what a saved plan says.

    Raises:
        ReportError: it is no plan; names the place.
    """
    try:
        document: Any = json.loads(text)
    except json.JSONDecodeError as error:
        raise ReportError(
            f"not JSON: {error.msg[:1].lower()}{error.msg[1:]}",
            file=file,
            line=error.lineno,
            column=error.colno,
            hint=_AGAIN,
        ) from None
    except (ValueError, RecursionError):  # a number of thousands of digits; brackets
        raise ReportError(
            "not JSON: nested too deeply, or too long",
            file=file,
            hint=_AGAIN,
        ) from None
    try:
        saved = _SHAPE.validate_python(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = "".join(f"[{it}]" if isinstance(it, int) else f".{it}" for it in first["loc"])
        raise ReportError(
            f"no saved plan: {place.lstrip('.')}: {first['msg'][:1].lower()}{first['msg'][1:]}",
            file=file,
            hint=_AGAIN,
        ) from None
    rest = {name: value for name, value in document.items() if name != "digest"}
    if saved.digest != f"sha256:{_digest(rest)}":
        raise ReportError(
            "the plan has been changed since tuner wrote it: its digest does not fit",
            file=file,
            hint=_AGAIN,
        )
    return Ticket(
        file,
        saved.digest,
        {plan.host: plan for plan in saved.plans},
        {failure.host: failure.message for failure in saved.failures},
    )


def _digest(document: dict[str, Any]) -> str:
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def risks(host: PlannedHost, *, kernel: str = "") -> Iterator[str]:
    """Yield what may go wrong on a host, a sentence each.

    Args:
        host: its part of the plan.
        kernel: what it runs now, empty where that is not known.
    """
    for change in host.changes:
        if not change.safe:
            yield f"{change.key}: the change may cut connections or lose traffic"
        if change.write and not change.restorable:
            yield f"{change.key}: its old live value cannot be put back; that takes a reboot"
        if not change.write:
            yield f"{change.key}: only the next boot changes; reboots are when it shows"
        if change.key == _LISTENS_AGAIN and change.write:
            yield f"{change.key}: running listeners keep their backlog until they listen again"
    for file in host.files:
        if file.foreign:
            yield f"{file.path}: not tuner's own file; whoever owns it may write it again"
        elif file.before is not None:
            yield f"{file.path}: what is in it now is replaced"
    for left in host.cannot_win:
        yield f"{left.key or left.rule}: the plan cannot decide it: {left.reason}"
    seen = host.seen.kernel
    if kernel and seen and seen != kernel:
        yield f"the plan was made for kernel {seen}, and the host runs {kernel}: plan again"
