"""Every error that tuner raises tells what to do next."""

from __future__ import annotations

import ast
from pathlib import Path

import tuner
from tuner import errors

_ROOM = Path(tuner.__file__).parent
_PASSED_ON = {"cli/checklist.py"}  # its questions at the terminal are asked again
_NAMES = {
    name
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.TunerError)
} - {"Unreadable"}  # only rules see it


def _calls(path: Path) -> list[ast.Call]:
    return [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _NAMES
    ]


def test_every_error_has_a_hint() -> None:
    calls = {path: _calls(path) for path in sorted(_ROOM.rglob("*.py"))}
    assert sum(map(len, calls.values())) > 100
    bare = [
        f"{path}:{call.lineno}"
        for path, found in calls.items()
        for call in found
        if not any(word.arg in ("hint", None) for word in call.keywords)
        and str(path.relative_to(_ROOM)) not in _PASSED_ON
    ]
    assert not bare
