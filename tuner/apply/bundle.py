"""What hosts keep of the changes they went through, and the way back that it gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tuner.apply.answer import Answer
from tuner.apply.job import NOTHING, Job, Kind, Placing, Write, in_order
from tuner.sysctl.key import Key, key_from_path

ROOM = "/var/lib/tuner"
"""Where a host keeps its bundles."""

_FILE_WORDS = 7


@dataclass(frozen=True, slots=True)
class KeptFile:
    """One file of a change, as digests; ``now`` is what is there now."""

    number: int
    path: str
    before: str
    after: str
    kept: str  # of the copy in the bundle
    now: str


@dataclass(frozen=True, slots=True)
class KeptKey:
    """One key of a change; ``now`` None: there is no such key any more."""

    key: Key
    before: str
    after: str
    now: str | None = None
    restorable: bool = True


@dataclass(frozen=True, slots=True)
class Bundle:
    """One change that a host remembers. Times as the host wrote them."""

    id: str
    state: str  # confirmed, reverted, or what it had come to
    busy: bool = False  # a process of its own is at work on it
    left: int | None = None  # seconds until its timer acts
    same_start: bool = True  # the host has not started again since
    meta: Mapping[str, str] = field(default_factory=dict)
    files: tuple[KeptFile, ...] = ()
    keys: tuple[KeptKey, ...] = ()

    @property
    def open(self) -> bool:
        """Whether it may still change something on the host."""
        return self.state not in {"confirmed", "reverted"} and (
            self.busy or self.state not in {"making", "kept"}
        )

    @property
    def place(self) -> str:
        """Where it lies on the host."""
        return f"{ROOM}/{self.id}"

    @property
    def kind(self) -> str:
        """What the change came from: apply or rollback."""
        return self.meta.get("kind", "")

    @property
    def sequence(self) -> int:
        """Its place in the order in which changes came to the host."""
        number = self.meta.get("sequence", "")
        return int(number) if number.isascii() and number.isdigit() else 0

    @property
    def undoes(self) -> tuple[str, ...]:
        """The changes that this one took back."""
        return tuple(self.meta.get("undoes", "").split())


@dataclass(frozen=True, slots=True)
class Memory:
    """All that one host remembers, the oldest change first."""

    bundles: tuple[Bundle, ...] = ()
    holder: str = ""  # who holds the lock, and since when; empty for nobody


def read_memory(answer: Answer) -> Memory:
    """Return what a host said of its bundles; what cannot be understood is left out."""
    holder = ""
    parts: list[list[tuple[str, str]]] = []
    for line in answer.lines:
        word, _, rest = line.partition(" ")
        if word == "lock":
            age, _, who = rest.partition(" ")
            holder = f"{who} since {age} s"
        elif word == "bundle":
            parts.append([(word, rest)])
        elif parts:
            parts[-1].append((word, rest))
    bundles = [it for it in map(_bundle, parts) if it is not None and it.state != "none"]
    bundles.sort(key=lambda bundle: (bundle.sequence, bundle.id))
    return Memory(tuple(bundles), holder)


def _bundle(lines: Sequence[tuple[str, str]]) -> Bundle | None:
    match lines[0][1].split():
        case [number, state, busy, left, started]:
            pass
        case _:
            return None
    meta: dict[str, str] = {}
    files: list[KeptFile] = []
    keys: list[dict[str, str]] = []
    for word, rest in lines[1:]:
        if word == "meta":
            name, _, value = rest.partition(" ")
            meta[name] = value
        elif word == "file":
            found = _file(rest)
            files += [found] if found is not None else []
        elif word == "key":
            restorable, _, path = rest.partition(" ")
            keys.append({"restorable": restorable, "path": path})
        elif keys and word in {"old", "new", "now"}:
            keys[-1][word] = rest
    return Bundle(
        id=number,
        state=state,
        busy=busy == "busy",
        left=int(left) if left.removeprefix("-").isdigit() else None,
        same_start=started == "same",
        meta=meta,
        files=tuple(files),
        keys=tuple(
            KeptKey(
                key_from_path(row["path"]),
                row.get("old", ""),
                row.get("new", ""),
                row.get("now"),
                row["restorable"] == "yes",
            )
            for row in keys
        ),
    )


def _file(line: str) -> KeptFile | None:
    match line.split(" ", _FILE_WORDS - 1):
        case [number, before, after, _, kept, now, path] if number.isdigit():
            return KeptFile(int(number), path, before, after, kept, now)
        case _:
            return None


@dataclass(frozen=True, slots=True)
class WayBack:
    """A rollback of one host: what it does, and what it cannot do and why."""

    job: Job
    cannot: tuple[str, ...] = ()  # keys that stay as they are
    refused: str = ""  # why it does not begin at all


def to_undo(memory: Memory, to: str = "") -> tuple[Bundle, ...]:
    """Return the changes that a rollback takes back, the newest first.

    Args:
        memory: the host's.
        to: the change before which the host shall be again; empty: the newest apply that was not
            taken back already.
    """
    confirmed = [bundle for bundle in memory.bundles if bundle.state == "confirmed"]
    if to:
        found = next((at for at, bundle in enumerate(confirmed) if bundle.id == to), None)
        return () if found is None else tuple(reversed(confirmed[found:]))
    undone = {number for bundle in confirmed for number in bundle.undoes}
    for bundle in reversed(confirmed):
        if bundle.kind == Kind.APPLY and bundle.id not in undone:
            return (bundle,)
    return ()


def way_back(bundles: Sequence[Bundle], number: str) -> WayBack:
    """Return how to take changes back.

    Args:
        bundles: the newest first.
        number: the id of the rollback.
    """
    files: dict[str, tuple[str, KeptFile]] = {}
    keys: dict[Key, KeptKey] = {}
    now: dict[str, str] = {}
    for bundle in bundles:
        for file in bundle.files:
            if file.path in now and files[file.path][1].before != file.after:
                return _refuse(bundles, number, file.path)
            if file.path not in now and file.now not in {file.after, file.before}:
                return _refuse(bundles, number, file.path)
            now.setdefault(file.path, file.now)
            files[file.path] = (bundle.id, file)
        for key in reversed(bundle.keys):
            keys[key.key] = key
    cannot = []
    writes = []
    for key in keys.values():
        why = _why_not(key)
        if why:
            cannot.append(f"{key.key} {why}")
        elif key.now is not None and key.now != key.before:
            writes.append(Write(key.key, key.now, key.before, key.before))
    placings = [
        Placing(
            path,
            before=now[path],
            after=file.before,
            source="" if file.before == NOTHING else f"{ROOM}/{bundle}/old.{file.number}",
        )
        for path, (bundle, file) in files.items()
        if now[path] != file.before
    ]
    damaged = [
        path
        for path, (_, file) in files.items()
        if file.before not in {NOTHING, file.kept} and now[path] != file.before
    ]
    job = Job(
        number,
        Kind.ROLLBACK,
        tuple(sorted(writes, key=_rank)),
        in_order(placings),
        undoes=tuple(bundle.id for bundle in bundles),
    )
    refused = f"the copy of {damaged[0]} in the bundle is damaged" if damaged else ""
    return WayBack(job, tuple(cannot), refused)


def _refuse(bundles: Iterable[Bundle], number: str, path: str) -> WayBack:
    job = Job(number, Kind.ROLLBACK, undoes=tuple(bundle.id for bundle in bundles))
    return WayBack(job, refused=f"{path} was changed by somebody else since")


def _why_not(key: KeptKey) -> str:
    if not key.restorable:
        return "cannot be put back: its old value is not known"
    if key.now is None:
        return f"cannot be put back to {key.before}: there is no such key any more"
    return ""


def _rank(write: Write) -> int:
    """Forwarding first, then what is copied to interfaces: they change others along with them."""
    if write.key == "net.ipv4.ip_forward" or write.key.endswith(".forwarding"):
        return 0
    parts = write.key.split(".")
    return 1 if len(parts) > 4 and parts[3] in {"all", "default"} else 2  # noqa: PLR2004
