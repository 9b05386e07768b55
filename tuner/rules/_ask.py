"""What each rule says of a host; those that see its files alone are asked once a set of files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from tuner.errors import Unreadable
from tuner.policy.policy import Policy
from tuner.rules._finding import Finding
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot, Source
from tuner.snapshot.system import Loader, System
from tuner.sysctl.files import Entry
from tuner.sysctl.version import KernelVersion

_LARGEST = 1 << 18  # bytes of files that are worth remembering
_NO_POLICY = Policy((), frozenset(), {}, {})


@dataclass(frozen=True, slots=True)
class Said:
    """What a rule found, and what it could not see; what it found before that stands."""

    rule: Rule
    findings: tuple[Finding, ...]
    missing: str | None


def ask(rules: Iterable[Rule], snapshot: Snapshot, policy: Policy) -> Iterator[Said]:
    """Yield what the rules say of the host; those that are content say nothing."""
    of_files, others = _parted(tuple(rules))
    for rule in others:
        said = _ask(rule, snapshot, policy)
        if said is not None:
            yield said
    seen = _Seen(
        snapshot.files,
        snapshot.kernel,
        snapshot.kernel.release,
        snapshot.source,
        snapshot.system.loaders,
    )
    size = sum(len(entry.content) for entry in snapshot.files or ())
    yield from (_known_of if size <= _LARGEST else _of)(of_files, seen)


@lru_cache(maxsize=16)
def _parted(rules: tuple[Rule, ...]) -> tuple[tuple[Rule, ...], tuple[Rule, ...]]:
    return (
        tuple(rule for rule in rules if rule.sees_files_only),
        tuple(rule for rule in rules if not rule.sees_files_only),
    )


def _ask(rule: Rule, snapshot: Snapshot, policy: Policy) -> Said | None:
    findings: list[Finding] = []
    try:
        for finding in rule.check(snapshot, policy):
            findings.append(finding)  # noqa: PERF402 - one at a time, until it meets what is missing
    except Unreadable as missing:
        return Said(rule, tuple(findings), missing.message)
    return Said(rule, tuple(findings), None) if findings else None


@dataclass(frozen=True, slots=True)
class _Seen:
    """All that the rules of files are shown; ``release`` is in some of their sentences."""

    files: tuple[Entry, ...] | None
    kernel: KernelVersion
    release: str
    source: Source
    loaders: tuple[Loader, ...]


def _of(rules: tuple[Rule, ...], seen: _Seen) -> tuple[Said, ...]:
    host = Snapshot(
        "",
        seen.kernel,
        source=seen.source,
        system=System(loaders=seen.loaders),
        files=seen.files,
    )
    told = (_ask(rule, host, _NO_POLICY) for rule in rules)
    return tuple(said for said in told if said is not None)


_known_of = lru_cache(maxsize=64)(_of)
