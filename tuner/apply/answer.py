"""What a host says of a change: lines that carry the nonce, read without trusting them."""

from __future__ import annotations

from dataclasses import dataclass

_MOST_LINES = 20_000
_LONGEST = 4096  # characters of a line that are kept


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that keeps a change from going on: a code and what it is about."""

    code: str
    about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What one script said. ``end`` is empty where it was cut off."""

    end: str = ""
    steps: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    stuck: tuple[str, ...] = ()  # what could not be put back yet, and why
    foreign: tuple[str, ...] = ()  # files that somebody else changed, and that stay as they are
    lines: tuple[str, ...] = ()


def parse_answer(output: bytes, nonce: str) -> Answer:
    """Return what a script said; whatever a login printed besides is skipped."""
    start = f"@{nonce} "
    lines = [
        line[len(start) : len(start) + _LONGEST].rstrip("\r")
        for line in output.decode("utf-8", "replace").split("\n")[:_MOST_LINES]
        if line.startswith(start)
    ]
    told: dict[str, list[str]] = {}
    for line in lines:
        word, _, rest = line.partition(" ")
        told.setdefault(word, []).append(rest)
    problems = []
    for text in told.get("problem", ()):
        code, *about = text.split(" ")
        problems.append(Problem(code, tuple(about)))
    return Answer(
        end=told["end"][-1] if "end" in told else "",
        steps=tuple(told.get("step", ())),
        problems=tuple(dict.fromkeys(problems)),
        stuck=tuple(dict.fromkeys(told.get("stuck", ()))),
        foreign=tuple(dict.fromkeys(told.get("foreign", ()))),
        lines=tuple(lines),
    )
