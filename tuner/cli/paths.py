"""What is at a path that somebody named, and files that appear whole or not at all."""

from __future__ import annotations

import argparse
import os
import stat
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from tuner.errors import TunerError, UsageError

_DEFAULT = "inventory.yml"


def is_there(path: Path) -> bool:
    """Tell whether anything is at a path that somebody named.

    Raises:
        UsageError: nobody can tell: a folder on the way is closed to us, say.
    """
    return _look(path) is not None


def is_file(path: Path) -> bool:
    """Tell whether a regular file is there; raises as ``is_there`` does."""
    found = _look(path)
    return found is not None and stat.S_ISREG(found.st_mode)


def is_folder(path: Path) -> bool:
    """Tell whether a folder is there; raises as ``is_there`` does."""
    found = _look(path)
    return found is not None and stat.S_ISDIR(found.st_mode)


def is_stream(path: Path) -> bool:
    """Tell whether what is there can be read only once, as a pipe; raises as ``is_there`` does."""
    return is_there(path) and not is_file(path) and not is_folder(path)


def dump_path(text: str) -> Path:
    """Return the path that somebody named a dump by; ``-`` is standard input."""
    return Path("/dev/stdin" if text == "-" else text)


def _look(path: Path) -> os.stat_result | None:
    # Path.exists() and its kin let most errors through, and a traceback is no answer.
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UsageError(
            f"cannot look at {path}: {error.strerror}",
            hint="check the path, and the permissions of the folders on the way",
        ) from None


def find_inventory(options: argparse.Namespace, environment: Mapping[str, str]) -> Path:
    """Return the inventory: the argument, else ``$TUNER_INVENTORY``, else ``./inventory.yml``.

    Raises:
        UsageError: there is none.
    """
    if options.inventory is not None:
        path, origin = Path(options.inventory), ""
    elif environment.get("TUNER_INVENTORY"):
        path, origin = Path(environment["TUNER_INVENTORY"]), " (from $TUNER_INVENTORY)"
    else:
        path, origin = Path(_DEFAULT), ""
        if not is_there(path):
            state = "empty" if "TUNER_INVENTORY" in environment else "not set"
            command = f"tuner {options.command}{' -i' if options.command == 'explain' else ''}"
            raise UsageError(
                f"no inventory: none was named, $TUNER_INVENTORY is {state}, and there is no "
                f"{_DEFAULT} in {Path.cwd()}",
                hint=f"name one: {command} INVENTORY (inventory.example.yml shows the format)",
            )
    if not is_there(path):
        raise UsageError(f"no such inventory: {path}{origin}", hint="check the path")
    return path


def write_atomically(path: Path, pieces: Iterable[str]) -> None:
    """Write a text file under another name, then put it in place.

    A link keeps pointing where it does, an existing file keeps its mode, and what is no file (a
    pipe, /dev/stderr) is written to as it is.

    Raises:
        TunerError: the folder or the file cannot be written.
    """
    temporary = ""
    try:
        path = Path(os.path.realpath(path))
        if path.exists() and not path.is_file():
            with path.open("w", encoding="utf-8") as stream:
                stream.writelines(pieces)
            return
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.writelines(pieces)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).chmod(_mode(path))
        Path(temporary).replace(path)
    except OSError as error:
        raise TunerError(
            f"cannot write {path}: {error.strerror}", hint="what was there before is unchanged"
        ) from error
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)


def _mode(path: Path) -> int:
    if path.exists():
        return stat.S_IMODE(path.stat().st_mode)
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


def saved_as(name: str | None) -> Path | None:
    """Return the file that -o names, None without it.

    Raises:
        UsageError: there is no such folder.
    """
    if name is None:
        return None
    path = Path(name)
    if not is_folder(path.parent):
        raise UsageError(f"-o: there is no folder {path.parent}", hint="make it first")
    return path
