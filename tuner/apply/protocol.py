"""The steps of a change, one by one, and the scripts that walk them on a host.

Fault injection walks the same list, so a step that is added here is tested at once.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

import tuner
from tuner.apply.job import Job, seen_values

_LINE = 4000  # characters of a printf argument; every shell takes far more
_ROOM = 65536  # bytes that must be free in each folder, beside what is written


class Phase(StrEnum):
    """A script that runs on a host in one connection, but for REVERT, which the host runs."""

    PREFLIGHT = "preflight"
    BEGIN = "begin"
    CONFIRM = "confirm"
    REVERT = "revert"
    SETTLE = "settle"
    HISTORY = "history"


@dataclass(frozen=True, slots=True)
class Step:
    """One step; ``per`` names what it is repeated for, empty for once."""

    name: str
    phase: Phase
    does: str
    per: str = ""


STEPS = (
    Step("lock", Phase.BEGIN, "take the lock, and end what an earlier change left undone"),
    Step("check", Phase.BEGIN, "see that the host can be changed, and is what the plan saw"),
    Step("keep", Phase.BEGIN, "keep old files, old values and the way back, on the disk"),
    Step("stage", Phase.BEGIN, "lay the new file and a copy of the old beside it", "file"),
    Step("arm", Phase.BEGIN, "start the host's own timer"),
    Step("write", Phase.BEGIN, "write one value", "value"),
    Step("beside", Phase.BEGIN, "in a rollback: put back what the kernel changed along with keys"),
    Step("read", Phase.BEGIN, "read every value back"),
    Step("claim", Phase.CONFIRM, "over a new connection, take the change from the timer"),
    Step("again", Phase.CONFIRM, "read every value back once more"),
    Step("guard", Phase.CONFIRM, "with several files: leave a unit that undoes half of them"),
    Step("place", Phase.CONFIRM, "give one file its name", "file"),
    Step("unguard", Phase.CONFIRM, "take that unit away"),
    Step("seal", Phase.CONFIRM, "mark the change as confirmed"),
    Step("disarm", Phase.CONFIRM, "stop the timer"),
    Step("tidy", Phase.CONFIRM, "remove what lay beside, and the lock"),
    Step("resolve", Phase.REVERT, "find out how far the change had come"),
    Step("file", Phase.REVERT, "put one file back", "file"),
    Step("value", Phase.REVERT, "put one value back, last written first", "value"),
    Step("mark", Phase.REVERT, "mark the change as reverted"),
    Step("quiet", Phase.REVERT, "stop the timer, remove what lay beside, and the lock"),
)
"""Every step of a change, in order; those of REVERT come only where a change fails."""

_PARTS = {
    Phase.PREFLIGHT: ("common", "check", "preflight"),
    Phase.BEGIN: ("common", "check", "begin"),
    Phase.CONFIRM: ("common", "confirm"),
    Phase.REVERT: ("common", "revert"),
    Phase.SETTLE: ("common", "settle"),
    Phase.HISTORY: ("common", "check", "history"),
}


def points(job: Job, *phases: Phase) -> Iterator[str]:
    """Yield every step that a job walks through, as its scripts name them: ``write 2``."""
    counts = {"": 0, "file": len(job.files), "value": len(job.writes)}
    for step in STEPS:
        if step.phase not in phases:
            continue
        if not step.per:
            yield step.name
        for number in range(1, counts[step.per] + 1):
            yield f"{step.name} {number}"


def script(phase: Phase, job: Job, nonce: str, **settings: str) -> str:
    """Return the text that ``sh`` reads: nothing of it runs unless all of it has arrived.

    Args:
        phase: what the script does.
        job: the change that it does it for.
        nonce: what each line of its answer carries.
        settings: who, revert_in, only, details.
    """
    names = dict.fromkeys(step.name for step in STEPS if step.phase is phase)
    lines = [
        f"nonce={quote(nonce)}",
        f"phase={phase}",
        *_preamble(job),
        f"steps={quote(' '.join(names))}",
    ]
    lines += [f"{name}={quote(value)}" for name, value in settings.items()]
    if phase is Phase.BEGIN:
        lines += _contents(job)
        lines += _printer("content_revert", _revert(job).encode())
    body = "\n".join([*lines, *(_text(part) for part in _PARTS[phase])])
    return f"{{\n{body}\n}}\n"


def make_nonce() -> str:
    """Return a word that no login's start-up file prints by chance."""
    return secrets.token_hex(8)


def quote(word: str) -> str:
    """Return the word as a shell reads it back."""
    return "'" + word.replace("'", "'\\''") + "'"


def _revert(job: Job) -> str:
    """Return the script that lies in the bundle and puts everything back."""
    body = "\n".join([*_preamble(job), *(_text(part) for part in _PARTS[Phase.REVERT])])
    return f"{{\n{body}\n}}\n"


def _preamble(job: Job) -> list[str]:
    """Return what every phase knows of the job."""
    writes = [
        (str(number), it.path, it.before, it.after, it.expect, _yes(it.restorable))
        for number, it in enumerate(job.writes, start=1)
    ]
    placings = [
        (str(number), it.path, it.before, it.after, f"{it.mode:o}", it.source or "-")
        for number, it in enumerate(job.files, start=1)
    ]
    return [
        f"id={quote(job.id)}",
        f"kind={job.kind}",
        f"plan={job.digest}",
        f"undoes={quote(' '.join(job.undoes))}",
        f"version={quote(tuner.__version__)}",
        f"network={_yes(job.cuts_ipv6)}",
        f"files={len(job.files)}",
        f"switches={sum(file.switch for file in job.files)}",
        f"bytes={_ROOM + sum(len(file.content) for file in job.files)}",
        f"kernel={quote(job.seen.kernel)}",
        *_calls("each_key", writes),
        *_calls("each_key_back", writes[::-1]),
        *_calls("each_file", placings),
        *_calls("each_file_back", placings[::-1]),
        *_calls("each_side", [(pattern,) for pattern in job.side_effects]),
        *_calls(
            "each_seen_file",
            [(path, digest or "-") for path, digest in sorted(job.seen.files.items())],
        ),
        *_calls("each_seen_value", sorted(seen_values(job.seen).items())),
    ]


def _calls(name: str, rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return a function that calls the function it is given once for each row."""
    lines = [f'  "$1" {" ".join(map(quote, row))} || return 1' for row in rows]
    return [f"{name}() {{", *lines, "  :", "}"]


def _contents(job: Job) -> list[str]:
    """Return functions that print the new files."""
    lines: list[str] = []
    for number, file in enumerate(job.files, start=1):
        if file.content or not file.source:
            lines += _printer(f"content_{number}", file.content)
    return lines


def _printer(name: str, content: bytes) -> list[str]:
    """Return a function that prints these very bytes, by printf(1) alone."""
    text = content.replace(b"%", b"%%")
    text = re.sub(rb"[^ -~\n]|[\\']", lambda match: b"\\%03o" % match[0][0], text)
    lines = [f"{name}() {{"]
    for line in re.findall(r"[^\n]*\n|[^\n]+", text.decode("ascii")):
        # an escape and a %% stay whole, and no piece begins like an option
        for piece in re.findall(rf"(?:\\[0-7]{{3}}|%%|[^\\%]){{1,{_LINE}}}", line):
            shown = re.sub("^-", r"\\055", piece.replace("\n", "\\n"))
            lines.append(f"  printf '{shown}' || return 1")
    return [*lines, "  :", "}"]


def _yes(condition: bool) -> str:  # noqa: FBT001 - a word for the shell
    return "yes" if condition else "no"


@cache
def _text(name: str) -> str:
    return (files("tuner.apply") / f"{name}.sh").read_text(encoding="utf-8")
