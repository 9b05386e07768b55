"""Imports go strictly downward, and the pure rooms do not touch the world."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "tuner"

LAYERS = [
    {"errors", "lazy", "quoting"},
    {"resources", "documents"},
    {"sysctl"},
    {"policy", "snapshot"},
    {"rules", "inventory"},
    {"plan", "remote"},
    {"checklist", "compare"},
    {"apply", "lab", "report"},
    {"cli"},
]
LEVEL = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}
WORLD = {"paramiko", "subprocess", "socket", "threading", "rich"}
PURE = {"sysctl", "snapshot", "policy", "rules", "plan", "checklist", "compare"}
ENTRY = {"__init__", "__main__"}


def imports() -> list[tuple[str, str, str]]:
    """Every import as (module path, room, imported dotted name)."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        relative = path.relative_to(PACKAGE)
        room = relative.parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found += [(str(relative), room, alias.name) for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{relative}: relative import"
                found.append((str(relative), room, node.module or ""))
    return found


IMPORTS = imports()


def test_every_room_has_a_place() -> None:
    rooms = {room for _, room, _ in IMPORTS} - ENTRY
    assert rooms <= set(LEVEL), f"give {rooms - set(LEVEL)} a layer"
    assert len(rooms) >= 9


def test_imports_go_downward() -> None:
    wrong = []
    for path, room, name in IMPORTS:
        if not name.startswith("tuner.") or room in ENTRY:
            continue
        target = name.split(".")[1]
        if target != room and LEVEL[target] >= LEVEL[room]:
            wrong.append(f"{path} imports {name}")
    assert not wrong


@pytest.mark.parametrize("room", sorted(PURE))
def test_pure_rooms_do_not_touch_the_world(room: str) -> None:
    wrong = [
        f"{path} imports {name}"
        for path, its_room, name in IMPORTS
        if its_room == room and name.split(".")[0] in WORLD
    ]
    assert not wrong


def test_only_the_door_reaches_the_hands_that_write() -> None:
    wrong = [
        f"{path} imports {name}"
        for path, room, name in IMPORTS
        if name.startswith("tuner.apply") and room not in {"cli", "apply"}
    ]
    assert not wrong


def test_paramiko_is_imported_by_the_ssh_transport_alone() -> None:
    users = {path for path, _, name in IMPORTS if name.split(".")[0] == "paramiko"}
    assert users
    assert all(path.startswith("remote/") for path in users)
