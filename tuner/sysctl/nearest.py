"""The key that somebody probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import cache, lru_cache

from tuner.sysctl.catalog import parameters
from tuner.sysctl.key import Key

_CLOSE = 0.85


@lru_cache(maxsize=4096)
def nearest(key: Key) -> str:
    """Return the known key that differs by a slip, empty for none.

    Only the last component may differ, or the case of letters: siblings of other interfaces look
    alike and are not.
    """
    lower = _lower().get(key.lower())
    if lower is not None:
        return lower
    folder, _, last = key.lower().rpartition(".")
    siblings = _folders().get(folder, {})
    close = difflib.get_close_matches(last, siblings, n=1, cutoff=_CLOSE)
    return siblings[close[0]] if close else ""


@cache
def _lower() -> Mapping[str, Key]:
    return {key.lower(): key for key in parameters()}


@cache
def _folders() -> Mapping[str, Mapping[str, Key]]:
    folders: dict[str, dict[str, Key]] = {}
    for key in parameters():
        folder, _, last = key.rpartition(".")
        folders.setdefault(folder, {})[last] = key
    return folders
