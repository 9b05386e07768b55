"""What a plan rests on, and what of it has moved since."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tuner.plan.digest import digest
from tuner.plan.plan import Plan, Seen
from tuner.snapshot.snapshot import Missing, Snapshot
from tuner.sysctl.files import Entry, Kind
from tuner.sysctl.key import Key
from tuner.sysctl.value import Value

_PROFILE = "/tuned.conf"


def look(snapshot: Snapshot, keys: Iterable[Key], paths: Iterable[str]) -> Seen:
    """Return what the snapshot shows of these keys, and of every file that settings come from.

    Args:
        snapshot: the host.
        keys: those whose live values matter.
        paths: more files; one that is not there counts as such.
    """
    files = dict.fromkeys(paths, "")
    files |= {entry.path: _hash(entry) for entry in _entries(snapshot)}
    values = {key: _shown(snapshot, key) for key in keys}
    return Seen(str(snapshot.kernel), dict(sorted(files.items())), dict(sorted(values.items())))


def _entries(snapshot: Snapshot) -> Iterator[Entry]:
    """Yield the files whose content is the host's own; of TuneD's only a part was kept."""
    for entry in (*(snapshot.files or ()), *snapshot.modules_load, *snapshot.later_files):
        if entry.kind is not Kind.UNREADABLE and not entry.path.endswith(_PROFILE):
            yield entry


def _hash(entry: Entry) -> str:
    return digest(entry.content) if entry.kind in {Kind.FILE, Kind.OTHER} else ""


def _shown(snapshot: Snapshot, key: Key) -> str:
    reading = snapshot.reading(key)
    return str(reading) if isinstance(reading, Value) else ""


def stale(plan: Plan, snapshot: Snapshot) -> tuple[str, ...]:
    """Return what has moved on the host since the plan was made, in words; empty for nothing."""
    now = look(snapshot, plan.seen.values, plan.seen.files)
    moved = []
    if now.kernel != plan.seen.kernel:
        moved.append(f"the kernel was {plan.seen.kernel} and is {now.kernel}")
    for path in sorted({*now.files, *plan.seen.files}):
        before, after = plan.seen.files.get(path, ""), now.files.get(path, "")
        if before == after and path in plan.seen.files:
            continue
        if not after and path in plan.seen.files:
            moved.append(f"{path} is gone")
        else:
            moved.append(f"{path} is new" if not before else f"{path} has changed")
    for key, before in plan.seen.values.items():
        after = now.values[key]
        if after != before:
            said = snapshot.reading(key)
            shown = str(said) if isinstance(said, Missing) else after or "empty"
            moved.append(f"{key} was {before or 'empty'} and is {shown}")
    return tuple(moved)
