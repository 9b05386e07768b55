"""What it means that a setting goes up or down: the catalogue's word, by key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tuner.sysctl.catalog import describe
from tuner.sysctl.key import Key
from tuner.sysctl.value import Value


@dataclass(frozen=True, slots=True)
class Direction:
    """The words for more and for less. ``ranks`` orders values that no number orders."""

    up: str
    down: str
    ranks: Mapping[str, int] | None = None

    def word(self, before: Value, after: Value) -> str:
        """Return the word for going from one value to the other, empty where none fits."""
        if self.ranks is not None:
            pair = [self.ranks.get(str(value)) for value in (before, after)]
        else:
            pair = [_size(before), _size(after)]
        first, second = pair
        if first is None or second is None or first == second:
            return ""
        return self.up if second > first else self.down


def _size(value: Value) -> int | None:
    """Return the number that counts: the only one, or the last of a vector.

    A negative one is no size: it means "no limit" or "never".
    """
    numbers = value.ints()
    return numbers[-1] if numbers and numbers[-1] >= 0 else None


_WORDS: Mapping[str, Direction] = {
    "looser": Direction("looser", "stricter"),
    "stricter": Direction("stricter", "looser"),
    "longer": Direction("longer", "shorter"),
    "memory": Direction("more memory", "less memory"),
}
_SWITCH = Direction("on", "off")
_RP_FILTER = Direction("looser", "stricter", {"1": 0, "2": 1, "0": 2})
"""1 strict, 2 loose, 0 off (Linux Documentation/networking/ip-sysctl.rst): no number's order."""


def direction_of(key: Key) -> Direction | None:
    """Return what more and less of the key mean, None where nothing general can be said."""
    if key.endswith(".rp_filter"):
        return _RP_FILTER
    parameter = describe(key)
    if parameter is None:
        return None
    if parameter.direction is None:
        return _SWITCH if parameter.type == "bool" else None
    return _WORDS[parameter.direction]
