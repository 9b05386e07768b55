"""Where profiles/ and templates/ are: in the package of a wheel, beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

from tuner.errors import TunerError

_PACKAGE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """Return the folder of that name which belongs to this installation.

    Raises:
        TunerError: neither the wheel's nor the checkout's folder is there.
    """
    for place in (_PACKAGE / "_data" / name, _PACKAGE.parent / name):
        if place.is_dir():
            return place
    raise TunerError(
        f"this installation of tuner lacks its {name}/ folder",
        hint="install tuner again from its wheel or checkout",
    )
