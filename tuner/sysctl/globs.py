"""Patterns of keys: glob(7) as systemd-sysctl and procps call it, over a tree of names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import TypeAlias

Tree: TypeAlias = "dict[str, Tree | None]"
"""A folder's names; None for a file."""

_MOST_BRACES = 256
_ESCAPED_SLASH = re.compile(r"(?<!\\)((?:\\\\)*)\\/")
_MOST_MATCHES = 20_000


def is_pattern(key: str | bytes) -> bool:
    """Tell whether the key holds a character that makes loaders call glob(3)."""
    if isinstance(key, bytes):
        return b"*" in key or b"?" in key or b"[" in key
    return "*" in key or "?" in key or "[" in key


def make_tree(paths: Iterator[str]) -> Tree:
    """Return the tree of slash paths."""
    root: Tree = {}
    for path in paths:
        *folders, name = path.split("/")
        here = root
        for folder in folders:
            below = here.get(folder)
            if below is None:
                below = here[folder] = {}
            here = below
        here.setdefault(name, None)
    return root


def expand(pattern: str, tree: Tree, *, braces: bool, whole_paths: bool) -> list[str]:
    """Return the existing paths that the pattern matches.

    Args:
        pattern: below ``/proc/sys``, without a leading slash; kept as it is spelled.
        tree: what there is.
        braces: ``{a,b}`` stands for both (systemd: GLOB_BRACE).
        whole_paths: sorted as whole paths (procps), else folder by folder as the kernel lists them.
    """
    found: list[str] = []
    pattern = _ESCAPED_SLASH.sub(r"\1/", pattern)
    for each in _braces(pattern) if braces else (pattern,):
        matches = list(_walk(re.findall(r"/+|[^/]+", each), tree, ""))
        if whole_paths:
            matches.sort(key=lambda path: path.encode("utf-8", "surrogatepass"))
        found.extend(matches)
    return found


def _walk(parts: list[str], here: Tree | None, done: str) -> Iterator[str]:
    """Yield matches in the order of names; separators stay as they were written."""
    if not parts:
        yield done
        return
    part, rest = parts[0], parts[1:]
    if part.startswith("/"):
        if here is not None:  # a slash behind a file matches nothing
            yield from _walk(rest, here, done + part)
        return
    if here is None:
        return
    if part in {".", ".."} or not _has_magic(part):
        name = re.sub(r"\\(.)", r"\1", part, flags=re.DOTALL) if "\\" in part else part
        if name == ".":
            yield from _walk(rest, here, done + name)
        elif name in here:
            yield from _walk(rest, here[name], done + name)
        return
    matcher = component(part)
    if matcher is None:
        return
    for name in sorted(here, key=lambda name: name.encode("utf-8", "surrogatepass")):
        if matcher.fullmatch(name) and (not name.startswith(".") or part.startswith(".")):
            yield from _walk(rest, here[name], done + name)


def _has_magic(part: str) -> bool:
    return "*" in part or "?" in part or "[" in part


@lru_cache(maxsize=4096)
def component(pattern: str, *, slashes: bool = False) -> re.Pattern[str] | None:
    """Return what fnmatch(3) of the C library matches, None where it never matches.

    ``slashes``: a wildcard crosses slashes, as without FNM_PATHNAME.
    """
    one = r"[\s\S]" if slashes else r"[^/]"
    chunks = [""]
    at = 0
    while at < len(pattern):
        character = pattern[at]
        at += 1
        if character == "*":
            if chunks[-1] or len(chunks) == 1:
                chunks.append("")
        elif character == "?":
            chunks[-1] += one
        elif character == "[":
            after, text = _bracket(pattern, at)
            chunks[-1] += re.escape("[") if text is None else text
            at = at if text is None else after
        elif character == "\\":
            if at == len(pattern):
                return None
            chunks[-1] += re.escape(pattern[at])
            at += 1
        else:
            chunks[-1] += re.escape(character)
    # Atomic, so that no pattern takes more than length times length.
    first, *others = chunks
    middle = "".join(f"(?>{one}*?{chunk})" for chunk in others[:-1])
    last = f"{one}*{others[-1]}" if others else ""
    try:
        return re.compile(f"{first}{middle}{last}")
    except re.error:
        return None


_CLASSES: Mapping[str, str] = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": " \\t",
    "cntrl": "\\x00-\\x1f\\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": " \\t-\\r",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}


def _bracket(pattern: str, at: int) -> tuple[int, str | None]:
    """Return the end of a bracket expression and its regular expression, None if it is open."""
    inside: list[str] = []
    start = at
    negated = at < len(pattern) and pattern[at] in "!^"
    if negated:
        at = start = at + 1
    while at < len(pattern):
        if pattern[at] == "]" and at > start:
            body = "".join(inside)
            if not body:
                return at + 1, r"[^/]" if negated else r"(?!)"
            return at + 1, f"[^/{body}]" if negated else f"(?!/)[{body}]"
        named = re.compile(r"\[:([a-z]+):\]").match(pattern, at)
        if named and named[1] in _CLASSES:
            inside.append(_CLASSES[named[1]])
            at = named.end()
            continue
        if pattern[at] == "/":
            return at, None
        low, at = _member(pattern, at)
        if at + 1 < len(pattern) and pattern[at] == "-" and pattern[at + 1] != "]":
            high, at = _member(pattern, at + 1)
            if low <= high:
                inside.append(f"{re.escape(low)}-{re.escape(high)}")
        else:
            inside.append(re.escape(low))
    return at, None


def _member(pattern: str, at: int) -> tuple[str, int]:
    if pattern[at] == "\\" and at + 1 < len(pattern):
        return pattern[at + 1], at + 2
    return pattern[at], at + 1


def _braces(pattern: str) -> list[str]:
    """Return the pattern's alternatives, as GLOB_BRACE of the C library expands them."""
    todo = [pattern]
    done: list[str] = []
    while todo and len(todo) + len(done) < _MOST_BRACES:
        each = todo.pop(0)
        opened = _open_brace(each)
        if opened is None:
            done.append(each)
            continue
        begin, end, commas = opened
        cuts = [begin, *commas, end]
        todo[:0] = [
            each[:begin] + each[low + 1 : high] + each[end + 1 :] for low, high in pairwise(cuts)
        ]
    return done + todo


def _open_brace(text: str) -> tuple[int, int, list[int]] | None:
    """Return where the first brace opens and closes, and its commas; None without any."""
    begin = text.find("{")
    while begin >= 0 and text[begin : begin + 2] == "{}":
        begin = text.find("{", begin + 2)
    if begin < 0:
        return None
    depth = 0
    commas: list[int] = []
    for at in range(begin, len(text)):
        if text[at] == "{":
            depth += 1
        elif text[at] == "}":
            depth -= 1
            if depth == 0:
                return begin, at, commas
        elif text[at] == "," and depth == 1:
            commas.append(at)
    return None
