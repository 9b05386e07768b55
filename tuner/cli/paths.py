"""Which inventory is meant, and files that appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from tuner.errors import UsageError

_DEFAULT = "inventory.yml"


def find_inventory(given: str | None, environment: Mapping[str, str]) -> Path:
    """Return the inventory: the argument, else ``$TUNER_INVENTORY``, else ``./inventory.yml``.

    Raises:
        UsageError: there is none.
    """
    if given is not None:
        path, origin = Path(given), ""
    elif environment.get("TUNER_INVENTORY"):
        path, origin = Path(environment["TUNER_INVENTORY"]), " (from $TUNER_INVENTORY)"
    else:
        path, origin = Path(_DEFAULT), ""
        if not path.exists():
            raise UsageError(
                f"no inventory: none was named, $TUNER_INVENTORY is not set, and there is no "
                f"{_DEFAULT} in {Path.cwd()}",
                hint="name one: tuner audit INVENTORY (inventory.example.yml shows the format)",
            )
    if not path.exists():
        raise UsageError(f"no such inventory: {path}{origin}", hint="check the path")
    return path


def write_atomically(path: Path, pieces: Iterable[str]) -> None:
    """Write a text file under another name, then put it in place.

    Raises:
        UsageError: the folder or the file cannot be written.
    """
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.writelines(pieces)
            stream.flush()
            os.fsync(stream.fileno())
        umask = os.umask(0)
        os.umask(umask)
        Path(temporary).chmod(0o666 & ~umask)
        Path(temporary).replace(path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise UsageError(
            f"cannot write {path}: {error.strerror}",
            hint="is the folder there, may you write to it, and is the disk full?",
        ) from error
