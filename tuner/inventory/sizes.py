"""How large a value may be: anchors and expressions make a short file stand for an endless one."""

from __future__ import annotations

from typing import Any

MOST_VALUES = 100_000
"""Values in one variable, lists and mappings counted as they would be written out."""
MOST_LETTERS = 10_000_000
"""Characters in one variable, all its texts together."""


def excess(value: Any) -> str:
    """Return what there is too much of, such as ``more than 100000 values``; empty for nothing."""
    values = letters = 0
    todo = [value]
    while todo:
        one = todo.pop()
        values += 1
        if isinstance(one, str):
            letters += len(one)
        elif isinstance(one, (list, tuple, set, frozenset)):
            todo.extend(one)
        elif isinstance(one, dict):
            values += len(one)
            todo.extend(one.values())
        if values > MOST_VALUES:
            return f"more than {MOST_VALUES} values"
        if letters > MOST_LETTERS:
            return f"more than {MOST_LETTERS} characters"
    return ""
