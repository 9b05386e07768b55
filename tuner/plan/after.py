"""What a host would say once a plan has been carried out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tuner.plan.along import along
from tuner.plan.own import MODULES, RULES
from tuner.plan.plan import FileChange, Plan
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.files import Entry, Kind


def after(snapshot: Snapshot, plan: Plan) -> Snapshot:
    """Return the host with the plan's files and values, and what the kernel changes along."""
    changed = with_files(snapshot, plan.files)
    live = dict(snapshot.live)
    for change in plan.writes:
        beside = along(live, change.key, change.after)
        live[change.key] = str(change.after)
        live.update(beside)
    return replace(changed, live=live)


def with_files(snapshot: Snapshot, files: Iterable[FileChange]) -> Snapshot:
    """Return the host with the files written, replaced or removed."""
    changed = {file.path: file for file in files}
    if not changed:
        return snapshot
    modules = {MODULES, RULES}
    return replace(
        snapshot,
        files=None
        if snapshot.files is None
        else _changed(snapshot.files, [it for path, it in changed.items() if path not in modules]),
        modules_load=_changed(
            snapshot.modules_load, [it for path, it in changed.items() if path in modules]
        ),
        later_files=_changed(snapshot.later_files, changed.values(), new=False),
    )


def _changed(
    entries: Iterable[Entry], files: Iterable[FileChange], *, new: bool = True
) -> tuple[Entry, ...]:
    """Return the entries as they are then; a link shows what the file that it names says."""
    pending = {file.path: file for file in files}
    found = []
    for entry in entries:
        file = pending.get(target_of(entry) or entry.path)
        if file is None:
            found.append(entry)
        elif file.after is not None:
            found.append(replace(entry, kind=Kind.FILE, content=file.after))
    known = {entry.path for entry in found}
    if new:
        found.extend(
            Entry(path, content=file.after, mode=file.mode)
            for path, file in sorted(pending.items())
            if file.after is not None and path not in known
        )
    return tuple(found)


def target_of(entry: Entry) -> str:
    """Return the path that a link names, empty for no link; links in its directories aside."""
    if not entry.target or entry.target.startswith("/"):
        return entry.target
    parts = entry.path.split("/")[:-1]
    for step in entry.target.split("/"):
        if step == "..":
            parts = parts[:-1]
        elif step not in {"", "."}:
            parts.append(step)
    return "/".join(parts)
