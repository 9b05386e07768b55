"""What a saved JSON report said of each host: as little of it as a comparison needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TextIO

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from tuner.compare.stream import HINT, Stream
from tuner.errors import ReportError

_VERSION = 1
Word = Literal["note", "warning", "error"]


class _Row(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")


class _Boot(_Row):
    origin: str
    value: str | None


class _Finding(_Row):
    rule: str
    key: str | None
    severity: Word
    message: str
    live: str | None
    live_state: str
    wanted: str | None
    next_boot: _Boot | None
    file: str | None
    line: int | None


class _Waiver(_Row):
    reason: str
    owner: str
    until: str


class _Waived(_Finding):
    waiver: _Waiver


class _Rule(_Row):
    rule: str


class _Error(_Row):
    kind: str
    message: str


class _Host(_Row):
    name: str
    outcome: Literal["clean", "findings", "unjudged", "unreachable"]
    findings: list[_Finding]
    known: list[_Finding] = []
    waived: list[_Waived]
    unjudged: list[_Rule]
    error: _Error | None


_HOST = TypeAdapter(_Host)


@dataclass(frozen=True, slots=True)
class PastFinding:
    """One finding. ``status``: open, known (by a baseline) or waived.

    The message and the line may change without anything having moved.
    """

    rule: str
    key: str | None
    severity: Word
    status: Literal["open", "known", "waived"]
    live: str
    wanted: str
    next_boot: str
    file: str
    line: int = field(default=0, compare=False)
    message: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class PastHost:
    """One host. ``error``: why it was not judged, empty where it was."""

    findings: tuple[PastFinding, ...] = ()
    unjudged: frozenset[str] = frozenset()  # rules
    error: str = ""


@dataclass(frozen=True, slots=True)
class PastReport:
    """One report. ``started`` is RFC 3339, UTC."""

    file: str
    started: str
    hosts: Mapping[str, PastHost]


def open_report(path: Path) -> PastReport:
    """Return what the report in a file says.

    Raises:
        ReportError: it cannot be read, or is no report of schema version 1; names the place.
    """
    try:
        with path.open(encoding="utf-8") as stream:
            return read_report(stream, file=str(path))
    except OSError as error:
        raise ReportError(
            f"cannot read: {error.strerror}",
            file=str(path),
            hint="check the path and its permissions",
        ) from None


def read_report(stream: TextIO, *, file: str) -> PastReport:
    """Return what a report says, read piece by piece.

    Raises:
        ReportError: it is no report of schema version 1; names the place.
    """
    walk = Stream(stream, file)
    head: dict[str, Any] = {}
    hosts: dict[str, PastHost] | None = None
    for name in walk.members():
        if name == "hosts":
            hosts = _hosts(walk)
        elif name == "schema_version":
            version = walk.value()
            if version != _VERSION:
                walk.fail(f"schema_version is {version!r}; this tuner reads {_VERSION}", hint=HINT)
            head[name] = version
        else:
            value = walk.value()
            if name == "started":
                head[name] = value
    for name in ("schema_version", "started"):
        if name not in head:
            raise ReportError(f"no report of tuner: it has no {name}", file=file, hint=HINT)
    if hosts is None:
        raise ReportError("no report of tuner: it has no hosts", file=file, hint=HINT)
    return PastReport(file, str(head["started"]), hosts)


def _hosts(walk: Stream) -> dict[str, PastHost]:
    hosts: dict[str, PastHost] = {}
    shared: dict[tuple[Any, ...], PastFinding] = {}
    for number, value in walk.elements():
        try:
            row = _HOST.validate_python(value)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = "".join(f"[{it}]" if isinstance(it, int) else f".{it}" for it in first["loc"])
            walk.fail(
                f"no report of tuner: hosts[{number}]{where}: "
                f"{first['msg'][:1].lower()}{first['msg'][1:]}",
                hint=HINT,
            )
        if row.name in hosts:
            walk.fail(f"hosts[{number}].name: {row.name!r} is there twice")
        hosts[row.name] = _host(row, shared)
    return hosts


def _host(row: _Host, shared: dict[tuple[Any, ...], PastFinding]) -> PastHost:
    found = [
        *(_finding(it, "open") for it in row.findings),
        *(_finding(it, "known") for it in row.known),
        *(_finding(it, "waived") for it in row.waived),
    ]
    kept = tuple(shared.setdefault((it, it.line, it.message), it) for it in found)
    if row.error is not None:
        return PastHost(error=f"{row.error.kind}: {row.error.message}")
    return PastHost(kept, frozenset(it.rule for it in row.unjudged))


def _finding(row: _Finding, status: Literal["open", "known", "waived"]) -> PastFinding:
    boot = row.next_boot
    return PastFinding(
        rule=row.rule,
        key=row.key,
        severity=row.severity,
        status=status,
        live=row.live if row.live is not None else row.live_state,
        wanted=row.wanted or "",
        next_boot="" if boot is None else boot.value if boot.value is not None else boot.origin,
        file=row.file or "",
        line=row.line or 0,
        message=row.message,
    )
