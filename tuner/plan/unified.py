"""A plan in lines: the unified diff of the files that it writes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import unified_diff

from tuner.plan.plan import FileChange, Plan

_CONTEXT = 3
_NO_END = "\\ No newline at end of file"


def unified(plan: Plan) -> tuple[str, ...]:
    """Return the diff's lines without their ends, file by file, as git and patch(1) read it.

    Bytes that are no UTF-8 become escapes; control characters of a file stay, and whoever shows the
    lines on a terminal must make them harmless.
    """
    return tuple(line for file in plan.files for line in _diff(file))


def _diff(file: FileChange) -> Iterator[str]:
    name = file.path.removeprefix("/")
    before, after = f"a/{name}", f"b/{name}"
    yield f"diff --git {before} {after}"
    if file.before is None:
        yield f"new file mode 100{file.mode:o}"
        before = "/dev/null"
    if file.after is None:
        yield f"deleted file mode 100{file.mode:o}"
        after = "/dev/null"
    old, new = _lines(file.before or b""), _lines(file.after or b"")
    for line in unified_diff(old, new, before, after, n=_CONTEXT):
        text = line.removesuffix("\n")
        yield text
        if text == line:  # only a file's own last line can lack its end
            yield _NO_END


def _lines(content: bytes) -> list[str]:
    text = content.decode("utf-8", "backslashreplace")
    return [line for line in re.split(r"(?<=\n)", text) if line]
