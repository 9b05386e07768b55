"""Which files make up an inventory, in which order, and who reads each of them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from tuner.errors import InventoryError
from tuner.inventory.groups import Tree
from tuner.inventory.ini_source import parse_ini
from tuner.inventory.script import parse_script
from tuner.inventory.source import Place, Source, Variable
from tuner.inventory.yaml_source import ForeignPlugin, parse_yaml
from tuner.inventory.yaml_text import YamlText

LARGEST = 256 * 1024 * 1024  # bytes of one file
_DEEPEST = 20  # folders in folders; more is a loop of links

_IGNORED = re.compile(
    r"\.|(?:host_vars|group_vars|vars_plugins)\Z"
    r"|.*(?:\.(?:pyc|pyo|swp|bak|rpm|md|txt|rst|orig|cfg|retry)|~)\Z",
    re.DOTALL,
)
_YAML_ENDINGS = ("", ".yml", ".yaml", ".json")
_LOOKS_LIKE_YAML = re.compile(
    r"(?:\s*(?:#[^\n]*)?\n)*(?:---|[\w\"'-]+:\s*(?:#[^\n]*)?(?:\n|\Z)|\{)"
)


def read_sources(path: Path, *, script_timeout: float) -> Tree:
    """Read an inventory file, script or folder into one tree, settled.

    Args:
        path: a file, an executable script or a folder of such.
        script_timeout: seconds that one run of a script may take.

    Raises:
        InventoryError: a source that nothing can read, or that Ansible refuses.
    """
    tree = Tree()
    if not path.exists():
        raise InventoryError("no such inventory", file=str(path), hint="check the path")
    if not _read(tree, path, script_timeout, 0):
        raise InventoryError(
            "the folder holds no inventory",
            file=str(path),
            hint="put a file such as hosts.yml into it",
        )
    tree.settle(str(path))
    return tree


def _read(tree: Tree, path: Path, timeout: float, depth: int) -> bool:
    if not path.is_dir():
        _read_file(tree, path, timeout)
        return True
    if depth > _DEEPEST:
        raise InventoryError(
            "folders are nested too deeply", file=str(path), hint="does a link lead back into it?"
        )
    found = False
    for name in _names(path):
        if not _IGNORED.match(name):
            found = _read(tree, path / name, timeout, depth + 1) or found
    return found


def _names(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir())
    except OSError as error:
        raise InventoryError(
            f"cannot be read: {error.strerror}", file=str(folder), hint="check its permissions"
        ) from None


def _read_text(path: Path) -> Source:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise InventoryError(
            f"cannot be read: {error.strerror}", file=str(path), hint="check its permissions"
        ) from None
    if len(content) > LARGEST:
        raise InventoryError(
            f"larger than {LARGEST} bytes", file=str(path), hint="is this really an inventory?"
        )
    # Ansible is as lenient: bytes that are not UTF-8 matter only where they are used.
    text = content.decode(errors="surrogateescape")
    return Source(str(path), text, str(path.parent))


def _read_file(tree: Tree, path: Path, timeout: float) -> None:
    ending = os.path.splitext(path)[1]  # noqa: PTH122 - Ansible's idea of an ending
    source = _read_text(path)
    if source.text.startswith("$ANSIBLE_VAULT;"):
        raise source.place().error(
            "the inventory is encrypted with Ansible Vault, which tuner cannot open",
            hint=f"run ansible-inventory -i {path} --list > list.json and use that file",
        )
    readers: dict[str, Callable[[], None]] = {}
    if os.access(path, os.X_OK):
        readers["script"] = lambda: parse_script(tree, path, timeout=timeout)
    if ending in _YAML_ENDINGS:
        readers["yaml"] = lambda: parse_yaml(tree, source)
    if ending != ".toml":
        readers["ini"] = lambda: parse_ini(tree, source)
    failures: dict[str, InventoryError] = {}
    for kind, read in readers.items():
        notes = len(tree.notes)
        try:
            read()
        except ForeignPlugin:
            raise
        except InventoryError as error:
            if kind == "script" and source.text.startswith("#!"):
                raise  # the lines of a program can pass for hosts
            failures[kind] = error
            del tree.notes[notes:]
        else:
            return
    if not failures:
        raise source.place().error(
            "TOML inventories are not read",
            hint=f"run ansible-inventory -i {path} --list > list.json and use that file",
        )
    meant = "yaml" if ending or _LOOKS_LIKE_YAML.match(source.text) else "ini"
    raise failures.get(meant, failures["ini"]) from None


class VariableFiles:
    """The ``group_vars`` and ``host_vars`` of an inventory; each file is read when first asked for.

    ``sealed`` are the files that Ansible Vault encrypts as a whole: nobody knows what they set.
    """

    def __init__(self, inventory: Path, note: Callable[[Place, str], None]) -> None:
        folder = inventory if inventory.is_dir() else inventory.absolute().parent
        self._folder = Path(os.path.realpath(folder))
        self._note = note
        self._shown = inventory if inventory.is_dir() else inventory.parent
        self._listings: dict[str, frozenset[str]] = {}
        self.sealed: list[str] = []

    def read(self, kind: str, name: str) -> dict[str, Variable]:
        """Return what the files of a group or host set.

        Args:
            kind: ``group_vars`` or ``host_vars``.
            name: the group's or the host's.

        Raises:
            InventoryError: a file that is no YAML mapping, or cannot be read.
        """
        variables: dict[str, Variable] = {}
        if name.startswith("/"):
            return variables
        for path in self._files(kind, name):
            variables.update(self._read_file(path))
        return variables

    def _listing(self, kind: str) -> frozenset[str]:
        if kind not in self._listings:
            folder = self._folder / kind
            self._listings[kind] = frozenset(_names(folder)) if folder.is_dir() else frozenset()
        return self._listings[kind]

    def _files(self, kind: str, name: str) -> list[Path]:
        listing = self._listing(kind)
        for ending in _YAML_ENDINGS:
            if name + ending in listing or (listing and "/" in name):
                path = self._folder / kind / (name + ending)
                if path.is_dir():
                    return _files_below(path, 0)
                if path.exists():
                    return [path]
        return []

    def _read_file(self, path: Path) -> dict[str, Variable]:
        shown = self._shown / path.relative_to(self._folder)
        raw = _read_text(path)
        source = Source(str(shown), raw.text, str(path.parent))
        if source.text.startswith("$ANSIBLE_VAULT;"):
            self.sealed.append(str(shown))
            return {}
        document = YamlText(source, self._note)
        if not document.value:
            return {}
        if not isinstance(document.value, dict):
            raise document.place(document.node).error(
                "a file of variables is a mapping of names to values",
                hint="write one variable per line, as name: value",
            )
        return {
            name: Variable(name, value, source, key=key, node=node)
            for name, key, value, node in document.entries(document.value, document.node)
            if isinstance(name, str)
        }


def _files_below(folder: Path, depth: int) -> list[Path]:
    if depth > _DEEPEST:
        raise InventoryError(
            "folders are nested too deeply", file=str(folder), hint="does a link lead back into it?"
        )
    found: list[Path] = []
    for name in _names(folder):
        if name.startswith(".") or name.endswith("~"):
            continue
        path = folder / name
        ending = os.path.splitext(name)[1]  # noqa: PTH122 - Ansible's idea of an ending
        if path.is_dir() and not ending:
            found += _files_below(path, depth + 1)
        elif path.is_file() and ending in _YAML_ENDINGS:
            found.append(path)
    return found
