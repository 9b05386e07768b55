"""Plans in a file: everything that an apply needs, and a digest that shows if it was changed.

The shape is ``schema/plan-1.json``. File contents are base64, so that every byte survives.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

import tuner
from tuner.errors import PlanError
from tuner.plan.digest import canonical, digest
from tuner.plan.movement import move
from tuner.plan.own import FOLDER, MODULES, RULES
from tuner.plan.plan import Change, FileChange, Left, Plan, Seen
from tuner.plan.spelling import is_secret, spellable, writable_text
from tuner.sysctl.key import Key, parse_key
from tuner.sysctl.value import Value, parse_value

SCHEMA_VERSION = 1

_LARGEST = 256 << 20
_AGAIN = "make the plan again: tuner plan -o FILE"
_HASH = r"^(|[0-9a-f]{64})$"


def _check_key(text: str) -> str:
    if parse_key(text) != text or not spellable(Key(text)) or is_secret(Key(text)):
        raise ValueError(f"{text!r} is no key that a plan may write")
    return text


def _check_shown(text: str) -> str:
    if parse_key(text) != text:
        raise ValueError(f"{text!r} is no key")
    return text


def _check_value(text: str) -> str:
    value = parse_value(text)
    if str(value) != text or not writable_text(value):
        raise ValueError(f"{text!r} is no value that a plan may write")
    return text


def _check_path(text: str) -> str:
    parts = text.split("/")
    if not text.startswith("/etc/") or {"", ".", ".."} & set(parts[1:]) or not text.isprintable():
        raise ValueError(f"{text!r} is no path that a plan may write")
    return text


def _check_base64(text: str) -> str:
    b64decode(text, validate=True)
    return text


_Writable = Annotated[str, AfterValidator(_check_key)]
_Named = Annotated[str, AfterValidator(_check_shown)]
_Bytes = Annotated[str, AfterValidator(_check_base64)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class _Change(_Record):
    key: _Writable
    after: Annotated[str, AfterValidator(_check_value)]
    because: list[str] = Field(min_length=1)
    live_before: str | None
    boot_before: str | None
    write: bool
    safe: bool
    restorable: bool
    why: str
    words: str  # for people; not read back


class _File(_Record):
    path: Annotated[str, AfterValidator(_check_path)]
    before: _Bytes | None
    after: _Bytes | None
    mode: int = Field(ge=0, le=0o7777)
    foreign: bool

    @model_validator(mode="after")
    def _is_tuners_or_foreign(self) -> _File:
        own = self.path in {MODULES, RULES} or (
            self.path.startswith(f"{FOLDER}/") and self.path.endswith("-tuner.conf")
        )
        if not own and not self.foreign:
            raise ValueError(f"{self.path} is not tuner's own and not marked as foreign")
        if self.before == self.after:
            raise ValueError(f"{self.path} does not change")
        return self


class _Left(_Record):
    key: _Named | None
    rule: str
    reason: str


class _Seen(_Record):
    kernel: str
    files: dict[str, Annotated[str, Field(pattern=_HASH)]]
    values: dict[_Named, str]


class _Plan(_Record):
    host: str = Field(min_length=1)
    roles: list[str]
    policy: str
    changes: list[_Change]
    files: list[_File]
    left: list[_Left]
    cannot_win: list[_Left]
    seen: _Seen


class _Failure(_Record):
    host: str
    kind: str
    message: str
    hint: str


class _Tool(_Record):
    name: Literal["tuner"]
    version: str


class _Saved(_Record):
    schema_version: Literal[1]
    tool: _Tool
    digest: str
    plans: list[_Plan]
    failures: list[_Failure]

    @model_validator(mode="after")
    def _names_each_host_once(self) -> _Saved:
        names = [plan.host for plan in self.plans]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"there are two plans for {twice[0]}")
        return self


def save_plans(plans: Iterable[Plan], *, failures: Sequence[Mapping[str, str]] = ()) -> str:
    """Return the document that holds the plans. The same plans give the same text.

    Args:
        plans: one a host.
        failures: hosts without a plan: host, kind, message and hint, so that none is forgotten.
    """
    document: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "tuner", "version": tuner.__version__},
        "plans": [_document(plan) for plan in plans],
        "failures": [dict(failure) for failure in failures],
    }
    seal = f"sha256:{digest(canonical(document))}"
    head = {"schema_version": document.pop("schema_version"), "tool": document.pop("tool")}
    return json.dumps({**head, "digest": seal, **document}, indent=1) + "\n"


def _document(plan: Plan) -> dict[str, Any]:
    return {
        "host": plan.host,
        "roles": list(plan.roles),
        "policy": plan.policy,
        "changes": [
            {
                "key": it.key,
                "after": str(it.after),
                "because": list(it.because),
                "live_before": None if it.live_before is None else str(it.live_before),
                "boot_before": None if it.boot_before is None else str(it.boot_before),
                "write": it.write,
                "safe": it.safe,
                "restorable": it.restorable,
                "why": it.why,
                "words": move(it).text,
            }
            for it in plan.changes
        ],
        "files": [
            {
                "path": it.path,
                "before": _encoded(it.before),
                "after": _encoded(it.after),
                "mode": it.mode,
                "foreign": it.foreign,
            }
            for it in plan.files
        ],
        "left": [_left(it) for it in plan.left],
        "cannot_win": [_left(it) for it in plan.cannot_win],
        "seen": {
            "kernel": plan.seen.kernel,
            "files": dict(plan.seen.files),
            "values": dict(plan.seen.values),
        },
    }


def _left(it: Left) -> dict[str, Any]:
    return {"key": it.key, "rule": it.rule, "reason": it.reason}


def _encoded(content: bytes | None) -> str | None:
    return None if content is None else b64encode(content).decode("ascii")


def read_plan(text: str, *, file: str = "") -> tuple[Plan, ...]:
    """Return the plans that the text holds, exactly as they were saved.

    Raises:
        PlanError: it is cut off, no plan, of another version, or was changed since.
    """
    if len(text) > _LARGEST:
        raise PlanError(
            f"the plan is larger than {_LARGEST >> 20} MiB",
            file=file,
            hint="plan fewer hosts at a time (--limit)",
        )
    try:
        document = json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        end = len(text.rstrip())
        cut = error.pos >= end or error.msg.startswith("Unterminated string")
        raise PlanError(
            "the plan is cut off" if cut else f"the plan is not JSON: {error.msg}",
            file=file,
            line=error.lineno,
            column=error.colno,
            hint=_AGAIN,
        ) from None
    except (ValueError, RecursionError) as error:
        raise PlanError(f"the plan is not JSON: {error}", file=file, hint=_AGAIN) from None
    _check_whole(document, file)
    try:
        saved = _Saved.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        place = f"{where}: " if where else ""
        raise PlanError(f"not a plan: {place}{message}", file=file, hint=_AGAIN) from None
    return tuple(_plan(it) for it in saved.plans)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a name that occurs twice: two readers could take different ones."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice in one object")
    return found


def _check_whole(document: Any, file: str) -> None:
    """Refuse what is no plan, of another version, or not as it was written."""
    if not isinstance(document, dict) or "schema_version" not in document:
        raise PlanError("this is no saved plan", file=file, hint=_AGAIN)
    version = document["schema_version"]
    if version != SCHEMA_VERSION or isinstance(version, bool):
        newer = isinstance(version, int) and version > SCHEMA_VERSION
        raise PlanError(
            f"a plan of version {version!r}, and this tuner reads version {SCHEMA_VERSION}",
            file=file,
            hint="apply it with the tuner that made it" if newer else _AGAIN,
        )
    rest = {name: value for name, value in document.items() if name != "digest"}
    if document.get("digest") != f"sha256:{digest(canonical(rest))}":
        raise PlanError(
            "the plan has been changed since tuner wrote it: its digest does not fit",
            file=file,
            hint=_AGAIN,
        )


def _plan(it: _Plan) -> Plan:
    return Plan(
        host=it.host,
        roles=tuple(it.roles),
        policy=it.policy,
        changes=tuple(
            Change(
                key=Key(change.key),
                after=parse_value(change.after),
                because=tuple(change.because),
                live_before=_value(change.live_before),
                boot_before=_value(change.boot_before),
                write=change.write,
                safe=change.safe,
                restorable=change.restorable,
                why=change.why,
            )
            for change in it.changes
        ),
        files=tuple(
            FileChange(
                file.path, _decoded(file.before), _decoded(file.after), file.mode, file.foreign
            )
            for file in it.files
        ),
        left=tuple(_left_of(left) for left in it.left),
        cannot_win=tuple(_left_of(left) for left in it.cannot_win),
        seen=Seen(
            it.seen.kernel,
            dict(it.seen.files),
            {Key(key): value for key, value in it.seen.values.items()},
        ),
    )


def _left_of(it: _Left) -> Left:
    return Left(None if it.key is None else Key(it.key), it.rule, it.reason)


def _value(text: str | None) -> Value | None:
    return None if text is None else parse_value(text)


def _decoded(text: str | None) -> bytes | None:
    return None if text is None else b64decode(text)
