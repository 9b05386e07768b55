"""What the next boot sets, told: text for people, JSON for machines (``schema/boot-1.json``)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.text import Text

from tuner.report._clean import clean
from tuner.report._report import Failure
from tuner.report.text import print_hint
from tuner.sysctl.boot import Boot, Decision, Loss, Stage
from tuner.sysctl.files import Setting
from tuner.sysctl.key import Key
from tuner.sysctl.loaders import Program
from tuner.sysctl.loaders.run import EFFECTIVE, Fate, Step

SCHEMA_VERSION = 1
_WORDS = {
    Fate.SET: "is written",
    Fate.UNCHANGED: "is what the kernel has already",
    Fate.LATER_LINE: "replaced by a later line",
    Fate.EQUAL_REPEAT: "repeats an equal line, which keeps its place",
    Fate.EXCLUDED: "excluded",
    Fate.EXCLUDES: "takes the key out",
    Fate.EXPLICIT: "a pattern, and the key has a line of its own",
    Fate.NO_MATCH: "a pattern that fits no key",
    Fate.REFUSED: "refused by the kernel",
    Fate.READ_ONLY: "the key cannot be written",
    Fate.NO_SUCH_KEY: "the kernel has no such key",
    Fate.NOT_UNDERSTOOD: "not understood by this loader",
    Fate.SHADOWED: "its file is hidden by another of the same name",
    Fate.MASKED: "its file is masked",
    Fate.NOT_READ: "its file is not read at boot",
    Fate.UNREADABLE: "its file could not be read",
    Fate.FILE_LOST: "the loader gave its file up before",
    Fate.OVERWRITTEN: "overwritten later",
}
_STAGES = {
    Stage.CMDLINE: "kernel command line",
    Stage.LOADER: "loader",
    Stage.UDEV: "udev, as the interface appears",
    Stage.LATER: "after the files",
}


@dataclass(frozen=True, slots=True)
class HostBoot:
    """One host's boot, the keys to tell of, and what an administrator's loader would do."""

    name: str
    kernel: str = ""
    boot: Boot | None = None
    keys: tuple[Key, ...] = ()
    defaults: dict[Key, str] = field(default_factory=dict)
    conditions: dict[Key, str] = field(default_factory=dict)  # what a value hangs on
    other: Boot | None = None  # by another loader, for a comparison
    failure: Failure | None = None


def print_boot(
    host: HostBoot, console: Console, *, trace: bool = False, whole: bool = True
) -> None:
    """Print one host: each key with its value, the line that decides, and those that lose.

    ``trace``: instead, every line that was considered. ``whole``: the loader's complaints too.
    """
    heading = Text.assemble((clean(host.name), "bold"))
    if host.failure is not None or host.boot is None:
        message = host.failure.message if host.failure else ""
        console.print(heading.append(f"  {clean(message, longest=600)}", style="red"))
        if host.failure and host.failure.hint:
            print_hint(host.failure.hint, console, 2)
        return
    boot = host.boot
    heading.append(f"  {boot.program}, Linux {clean(host.kernel)}", style="dim")
    if host.other is not None:
        heading.append(f"  against {host.other.program}", style="dim")
    console.print(heading)
    for path in boot.unreadable:
        _write(console, Text(f"could not read {clean(path)}: any key may differ", "magenta"), 2)
    for key in host.keys:
        if host.other is not None:
            _print_difference(key, host, host.other, console)
        elif trace:
            _print_trace(key, host, console)
        else:
            _print_key(key, host, console)
    if boot.exit_code and whole and host.other is None:
        _print_problems(boot, console)
    if not host.keys:
        nothing = "no key differs" if host.other is not None else "no file sets any key"
        _write(console, Text(nothing), 2)


def _print_key(key: Key, host: HostBoot, console: Console) -> None:
    boot = host.boot
    if boot is None:
        return
    decision = boot.decisions.get(key)
    _write(console, Text.assemble((clean(key), "bold"), f" = {_value(key, host, boot)}"), 2)
    if decision is not None:
        _write(console, Text(_decided(decision)), 6)
    if key in host.conditions:
        _write(console, Text(f"only if  {clean(host.conditions[key])}", style="yellow"), 6)
    for loss in boot.losses(key):
        _write(console, Text(f"loses  {_lost(loss)}"), 6)
    for writer in boot.later(key):
        what = f"later  {clean(writer.name)} {clean(writer.what)} ({clean(writer.place)})"
        _write(console, Text(what, style="yellow"), 6)


def _print_trace(key: Key, host: HostBoot, console: Console) -> None:
    boot = host.boot
    if boot is None:
        return
    _write(console, Text.assemble((clean(key), "bold"), f" = {_value(key, host, boot)}"), 2)
    winner = boot.decisions.get(key)
    for stage, step in boot.steps_of(key):
        line = Text(f"{_STAGES[stage]}: {_line(step.setting)}  {_WORDS[step.fate]}")
        if step.key != key and step.key is not None:
            line.append(f", which changes {clean(key)} too")
        if step.error:
            line.append(f" ({step.error})")
        if step.by:
            line.append(f" ({clean(step.by)})")
        if winner is not None and step.setting == winner.setting and step.fate in EFFECTIVE:
            line.append("  ← decides", style="green")
        _write(console, line, 6)
    for writer in boot.later(key):
        what = f"later: {clean(writer.name)} {clean(writer.what)} ({clean(writer.place)})"
        _write(console, Text(what, style="yellow"), 6)


def _print_difference(key: Key, host: HostBoot, other: Boot, console: Console) -> None:
    _write(console, Text(clean(key), style="bold"), 2)
    for boot in (host.boot, other):
        if boot is None:
            continue
        decision = boot.decisions.get(key)
        place = f"  {_decided(decision)}" if decision is not None else ""
        _write(console, Text(f"{boot.program}: {_value(key, host, boot)}{place}"), 6)


def _print_problems(boot: Boot, console: Console) -> None:
    _write(console, Text(f"the loader fails (exit code {boot.exit_code}):", "yellow"), 2)
    for problem in [it for it in boot.problems if it.fatal][:20]:
        place = f"{problem.path}:{problem.line}" if problem.line else problem.path
        _write(console, Text(f"{clean(place)}: {clean(problem.text)}"), 6)


def _value(key: Key, host: HostBoot, boot: Boot) -> str:
    decision = boot.decisions.get(key)
    if decision is not None:
        return clean(str(decision.value)) or "empty"
    default = host.defaults.get(key)
    return "not set" if default is None else f"{clean(default) or 'empty'} (kernel default)"


def _decided(decision: Decision) -> str:
    line = _line(decision.setting)
    if decision.through is not None:
        line += f", by way of {clean(decision.through)}"
    return line if decision.stage is Stage.LOADER else f"{line}  ({_STAGES[decision.stage]})"


def _lost(loss: Loss) -> str:
    by = f": {clean(loss.by)}" if loss.by else f": {loss.error}" if loss.error else ""
    return f"{_line(loss.setting)}  {_WORDS[loss.fate]}{by}"


def _line(setting: Setting) -> str:
    value = "" if setting.value is None else f" = {clean(setting.value, longest=80)}"
    dash = "-" if setting.value is None else ""
    place = f"{clean(setting.path)}:{setting.line}"
    return f"{place}  {dash}{clean(setting.key)}{value}"


def _write(console: Console, text: Text, indent: int) -> None:
    for line in text.wrap(console, max(console.width - indent, 10)):
        line.rstrip()
        console.print(Text(" " * indent).append_text(line), no_wrap=True, crop=False)


def render_boot(hosts: Sequence[HostBoot], *, exit_code: int) -> Iterator[str]:
    """Yield the JSON of all hosts."""
    head = {"schema_version": SCHEMA_VERSION, "exit_code": exit_code}
    yield json.dumps(head)[:-1] + ', "hosts": ['
    for number, host in enumerate(hosts):
        yield ("," if number else "") + "\n " + json.dumps(_host(host))
    yield "]}\n"


def _host(host: HostBoot) -> dict[str, Any]:
    boot = host.boot
    row: dict[str, Any] = {
        "name": host.name,
        "kernel": host.kernel or None,
        "loader": _program(boot.program) if boot else None,
        "compared_with": _program(host.other.program) if host.other else None,
        "loader_exit_code": boot.exit_code if boot else None,
        "unreadable": list(boot.unreadable) if boot else [],
        "problems": [
            {
                "file": problem.path,
                "line": problem.line or None,
                "text": problem.text,
                "fatal": problem.fatal,
            }
            for problem in (boot.problems if boot else ())
        ],
        "keys": [_key(key, host, boot) for key in host.keys] if boot else [],
        "error": None,
    }
    if host.failure is not None:
        row["error"] = {
            "kind": host.failure.kind,
            "message": host.failure.message,
            "hint": host.failure.hint or None,
        }
    return row


def _program(program: Program) -> dict[str, Any]:
    return {"name": program.name, "version": ".".join(map(str, program.version))}


def _key(key: Key, host: HostBoot, boot: Boot) -> dict[str, Any]:
    row = {"key": key, **_outcome(key, boot), "default": host.defaults.get(key)}
    row["condition"] = host.conditions.get(key)
    row["other"] = _outcome(key, host.other) if host.other is not None else None
    row["later"] = [
        {"name": it.name, "file": it.path, "line": it.line or None, "what": it.what}
        for it in boot.later(key)
    ]
    row["steps"] = [_step(stage, step) for stage, step in boot.steps_of(key)]
    return row


def _outcome(key: Key, boot: Boot) -> dict[str, Any]:
    decision = boot.decisions.get(key)
    return {
        "value": None if decision is None else str(decision.value),
        "decided_by": None
        if decision is None
        else {**_setting(decision.setting), "stage": decision.stage, "through": decision.through},
        "losses": [
            {
                **_setting(loss.setting),
                "reason": loss.fate,
                "by": loss.by or None,
                "error": loss.error or None,
            }
            for loss in boot.losses(key)
        ],
    }


def _step(stage: Stage, step: Step) -> dict[str, Any]:
    return {
        **_setting(step.setting),
        "stage": stage,
        "outcome": step.fate,
        "by": step.by or None,
        "error": step.error or None,
    }


def _setting(setting: Setting) -> dict[str, Any]:
    return {
        "file": setting.path,
        "line": setting.line,
        "key": setting.key,
        "assigned": setting.value,
    }


def keys_of(boots: Iterable[Boot]) -> list[Key]:
    """Return every key that some line is about, sorted."""
    found = {
        step.key
        for boot in boots
        for _, step in boot.steps
        if step.key is not None and not any(character in step.key for character in "*?[")
    }
    return sorted(found)
