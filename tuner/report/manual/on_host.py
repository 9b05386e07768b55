"""What one host has of a key: now, after its next boot, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tuner.policy.compliance import wanted
from tuner.policy.policy import Policy
from tuner.report.manual._markdown import bullets, escaped, facts, table
from tuner.rules._boot import next_boot
from tuner.rules._finding import Finding, NextBoot, Origin, Verdict
from tuner.rules._state import key_states
from tuner.snapshot.snapshot import Missing, Reading, Snapshot
from tuner.sysctl.catalog import mainline_default
from tuner.sysctl.files import Setting
from tuner.sysctl.key import Key
from tuner.sysctl.value import Value

_MOST = 24  # keys of interfaces and lines of files that are shown
_LONGEST = 400


@dataclass(frozen=True, slots=True)
class OnHost:
    """One key of one host: its readings, who decides the next boot, and which lines lose."""

    key: Key
    live: Reading
    boot: NextBoot
    default: Value | None
    wanted: str  # empty where the policy has no expectation
    state: str
    beaten: tuple[Setting, ...]
    dead: tuple[Setting, ...]  # lines of files that boot does not read


def on_host(snapshot: Snapshot, policy: Policy, key: Key) -> OnHost:
    """Return where the key stands on the host."""
    default = mainline_default(key, snapshot.kernel)
    expectation = policy.expectations.get(key)
    state = next((it for it in key_states(snapshot, policy) if it.key == key), None)
    decision = snapshot.boot.decisions.get(key) if snapshot.boot is not None else None
    dead = snapshot.boot.dead if snapshot.boot is not None else ()
    return OnHost(
        key=key,
        live=snapshot.reading(key),
        boot=next_boot(snapshot, key),
        default=default,
        wanted=wanted(expectation, default=default, memory=snapshot.system.memory)
        if expectation is not None
        else "",
        state="" if state is None else f"{state.state}" + (f": {state.note}" if state.note else ""),
        beaten=decision.beaten if decision is not None else (),
        dead=tuple(setting for setting in dead if setting.key == key and setting.value is not None),
    )


def keys_on_host(snapshot: Snapshot, asked: Key) -> tuple[Key, ...]:
    """Return the keys of the host that a key with a ``*`` means, or that one key, sorted."""
    if "*" not in asked:
        return (asked,)
    head, _, tail = asked.partition("*")
    names = {
        key
        for key in snapshot.live
        if key.startswith(head)
        and key.endswith(tail)
        and "." not in key[len(head) : len(key) - len(tail)]
    }
    return tuple(sorted(names))[:_MOST]


def host_section(snapshot: Snapshot, found: list[OnHost]) -> str:
    """Return what the host says as Markdown. All of it is text that the host chose: escaped."""
    parts = [f"## On {escaped(snapshot.host)}", f"Kernel {escaped(str(snapshot.kernel))}."]
    if not found:
        parts.append("It has no such key.")
    if len(found) > 1:
        rows = [(escaped(it.key), _reading(it.live), _boot(it.boot), _because(it)) for it in found]
        parts.append(table(("key", "now", "next boot", "because"), rows))
        return "\n\n".join(parts) + "\n"
    for it in found:
        parts.append(facts(_facts(it)))
        if it.beaten:
            parts.append("Lines that lose, the strongest first:\n\n" + bullets(_lines(it.beaten)))
        if it.dead:
            parts.append("Lines of files that boot does not read:\n\n" + bullets(_lines(it.dead)))
    return "\n\n".join(parts) + "\n"


def topic_section(snapshot: Snapshot, found: list[OnHost]) -> str:
    """Return the keys that a topic names as the host has them, a line each."""
    rows = [
        (
            f"`{it.key}`",
            _reading(it.live),
            _boot(it.boot),
            str(it.default) if it.default is not None else "",
        )
        for it in found
    ]
    return "\n\n".join(
        [
            f"## On {escaped(snapshot.host)}",
            f"Kernel {escaped(str(snapshot.kernel))}.",
            table(("key", "now", "next boot", "kernel's default"), rows)
            if rows
            else "It has none of these keys.",
            "",
        ]
    )


def _facts(it: OnHost) -> Iterator[tuple[str, str]]:
    yield "now", _reading(it.live)
    yield "next boot", _boot(it.boot)
    yield "because", _because(it)
    yield "kernel's default", str(it.default) if it.default is not None else ""
    yield "its roles want", it.wanted
    yield "state", escaped(it.state, longest=_LONGEST)


def _reading(reading: Reading) -> str:
    if isinstance(reading, Missing):
        return {
            Missing.ABSENT: "absent: the kernel has no such key here",
            Missing.DENIED: "there, and not readable by whom we asked as",
        }.get(reading, "unknown: the source does not say")
    return escaped(str(reading), longest=_LONGEST) or "empty"


def _boot(boot: NextBoot) -> str:
    match boot.origin:
        case Origin.FILE:
            return escaped(str(boot.value), longest=_LONGEST) or "empty"
        case Origin.DEFAULT:
            return f"{boot.value}"
        case Origin.ABSENT:
            return "nothing: the kernel has no such key"
        case Origin.UNSET:
            return "the kernel's default"
        case Origin.UNKNOWN:
            return "unknown"


def _because(it: OnHost) -> str:
    match it.boot.origin:
        case Origin.FILE:
            beats = f", which beats {len(it.beaten)} more" if it.beaten else ""
            return f"{escaped(it.boot.path)}:{it.boot.line}{beats}"
        case Origin.DEFAULT | Origin.UNSET:
            return "no line sets it: the kernel's default"
        case Origin.ABSENT:
            return "nobody can set it"
        case Origin.UNKNOWN:
            return "the source has no files, or one of them could not be read"


def _lines(settings: tuple[Setting, ...]) -> Iterator[str]:
    for setting in settings[:_MOST]:
        says = "takes it out" if setting.value is None else f"says {escaped(setting.value)}"
        yield f"{escaped(setting.path)}:{setting.line} {says}"
    if len(settings) > _MOST:
        yield f"and {len(settings) - _MOST} more"


def findings_section(snapshot: Snapshot, verdict: Verdict) -> str:
    """Return what one rule says of the host as Markdown."""
    parts = [f"## On {escaped(snapshot.host)}", f"Kernel {escaped(str(snapshot.kernel))}."]
    said = [
        *_findings(verdict.findings),
        *(f"could not judge: {escaped(it.reason, longest=_LONGEST)}" for it in verdict.skipped),
    ]
    parts.append(bullets(said) if said else "It finds nothing.")
    return "\n\n".join(parts) + "\n"


def _findings(findings: tuple[Finding, ...]) -> Iterator[str]:
    for finding in findings[:_MOST]:
        where = f" ({escaped(finding.path)}:{finding.line})" if finding.path else ""
        yield f"**{finding.severity}**: {escaped(finding.message, longest=600)}{where}"
    if len(findings) > _MOST:
        yield f"and {len(findings) - _MOST} more"


def host_data(snapshot: Snapshot, found: list[OnHost]) -> dict[str, Any]:
    """Return what the host says as JSON."""
    return {
        "name": snapshot.host,
        "kernel": str(snapshot.kernel),
        "keys": [
            {
                "key": it.key,
                "live": None if isinstance(it.live, Missing) else str(it.live),
                "missing": str(it.live) if isinstance(it.live, Missing) else None,
                "next_boot": {
                    "origin": str(it.boot.origin),
                    "value": None if it.boot.value is None else str(it.boot.value),
                    "file": it.boot.path or None,
                    "line": it.boot.line or None,
                },
                "default": None if it.default is None else str(it.default),
                "wanted": it.wanted or None,
                "state": it.state or None,
                "beaten": [_line(setting) for setting in it.beaten],
                "not_read": [_line(setting) for setting in it.dead],
            }
            for it in found
        ],
    }


def _line(setting: Setting) -> dict[str, Any]:
    return {"file": setting.path, "line": setting.line, "value": setting.value}
