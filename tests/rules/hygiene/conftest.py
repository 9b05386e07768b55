"""The runner of the CASES of rules about lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypedDict

import pytest

from tuner.rules._check import registry
from tuner.rules._lint import Linted, lint
from tuner.snapshot.snapshot import Missing, Snapshot, Source
from tuner.snapshot.system import Loader, System
from tuner.sysctl.files import Entry, Kind
from tuner.sysctl.key import parse_key
from tuner.sysctl.version import KernelVersion, parse_version

FILE = "/etc/sysctl.d/50-a.conf"


class LineCase(TypedDict, total=False):
    """Settings files, and what one rule is to say of them.

    ``text`` is the content of FILE. ``finds`` holds severity, place (``line:column``, after a path
    where it is not FILE) and a part of the message or of the advice, in order.
    """

    text: str | bytes
    files: Mapping[str, str | bytes]
    entries: tuple[Entry, ...]
    modules: str
    kernel: str
    loaders: tuple[str, ...]
    live: Mapping[str, str | Missing]
    finds: list[tuple[str, str, str]]


JudgeLines = Callable[[str, LineCase], Linted]


def build_files(case: LineCase) -> Snapshot:
    texts: dict[str, str | bytes] = dict(case.get("files", {}))
    if "text" in case:
        texts[FILE] = case["text"]
    entries = [
        Entry(path, content=text if isinstance(text, bytes) else text.encode())
        for path, text in texts.items()
    ]
    modules = case.get("modules")
    return Snapshot(
        host="",
        kernel=parse_version(case["kernel"]) if "kernel" in case else KernelVersion(0, 0),
        source=Source.FILES,
        system=System(loaders=tuple(Loader(*it.split()) for it in case.get("loaders", ()))),
        complete=frozenset(),
        live={parse_key(key): value for key, value in case.get("live", {}).items()},
        files=(*entries, *case.get("entries", ())),
        modules_load=(Entry("/etc/modules-load.d/m.conf", Kind.FILE, modules.encode()),)
        if modules is not None
        else (),
    )


@pytest.fixture
def files() -> Callable[[LineCase], Snapshot]:
    """Build the snapshot of a case."""
    return build_files


@pytest.fixture
def judge_lines() -> JudgeLines:
    """Run one rule over a case and compare with what the case says."""

    def run(rule: str, case: LineCase) -> Linted:
        linted = lint(build_files(case), [registry()[rule]])
        found = [
            (
                str(it.severity),
                f"{'' if it.path == FILE else it.path + ':'}{it.line}:{it.column}",
                f"{it.message} | {it.wanted}",
            )
            for it in linted.findings
        ]
        expected = case.get("finds", [])
        assert [it[:2] for it in found] == [it[:2] for it in expected], found
        for (_, _, said), (_, _, part) in zip(found, expected, strict=True):
            assert part in said
        assert all(it.rule == rule for it in linted.findings)
        return linted

    return run
