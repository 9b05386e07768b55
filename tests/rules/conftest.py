"""A builder of snapshots, and the runner of every rule's CASES."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypedDict

import pytest

from tuner.policy.policy import Policy
from tuner.policy.profile import Profile, parse_profile
from tuner.policy.resolve import load_profiles, resolve
from tuner.rules._check import check, registry
from tuner.rules._finding import Verdict
from tuner.snapshot.facts import Facts
from tuner.snapshot.snapshot import Counters, Missing, Snapshot, Sockets
from tuner.snapshot.system import System
from tuner.sysctl.files import Entry, Kind
from tuner.sysctl.key import parse_key
from tuner.sysctl.version import parse_version

PROFILES = Path(__file__).resolve().parents[2] / "profiles"


class Case(TypedDict, total=False):
    """A host in a few words, and what one rule is to say of it.

    Keys of ``live`` may leave out ``net.ipv4.``. ``finds`` holds severity, key and a part of the
    message of every finding, in any order; ``skips`` is a part of what could not be seen.
    """

    kernel: str
    live: Mapping[str, str | Missing]
    files: Mapping[str, str | bytes] | None
    unreadable: tuple[str, ...]  # paths of files that are there and cannot be read
    roles: tuple[str, ...]
    profile: str  # YAML of one profile, in place of roles
    facts: Mapping[str, str]
    sockets: Sockets
    totals: Mapping[str, int]
    rates: Mapping[str, float]
    uptime: float  # seconds
    system: Mapping[str, Any]  # more of System
    memory: int
    cmdline: str
    finds: list[tuple[str, str, str]]
    skips: str


Judge = Callable[[str, Case], Verdict]
Build = Callable[[Case], Snapshot]


def full(name: str) -> str:
    """Return the key that a case's short name stands for."""
    roots = ("net.", "fs.", "kernel.", "vm.")
    return name if not name or name.startswith(roots) else f"net.ipv4.{name}"


def build(case: Case) -> Snapshot:
    files: Mapping[str, str | bytes] | None = case.get("files", {})
    entries = None
    if files is not None:
        entries = (
            *(
                Entry(path, content=text if isinstance(text, bytes) else text.encode())
                for path, text in files.items()
            ),
            *(Entry(path, Kind.UNREADABLE) for path in case.get("unreadable", ())),
        )
    return Snapshot(
        host="h",
        kernel=parse_version(case.get("kernel", "6.1.0")),
        system=System(
            memory=case.get("memory", 0),
            uptime=case.get("uptime", 86400.0),
            **case.get("system", {}),
        ),
        live={parse_key(full(name)): value for name, value in case.get("live", {}).items()},
        files=entries,
        cmdline=case.get("cmdline", ""),
        counters=Counters(case["totals"], case.get("rates", {}), 0.5) if "totals" in case else None,
        sockets=case.get("sockets"),
        facts=Facts.model_validate(case.get("facts", {})),
    )


@cache
def shipped() -> Mapping[str, Profile]:
    return load_profiles([PROFILES])


def policy_of(case: Case) -> Policy:
    if "profile" in case:
        return resolve({"own": parse_profile("own", case["profile"])}, ["own"])
    return resolve(shipped(), case.get("roles", ("base",)))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    cases: dict[str, Any] | None = getattr(metafunc.module, "CASES", None)
    if cases is not None and "case" in metafunc.fixturenames:
        metafunc.parametrize("case", cases.values(), ids=cases.keys())


@pytest.fixture
def snapshot() -> Build:
    """Build the snapshot of a case."""
    return build


@pytest.fixture
def policy() -> Callable[[Case], Policy]:
    """Resolve the policy of a case."""
    return policy_of


@pytest.fixture
def judge_all() -> Callable[..., Verdict]:
    """Run all rules over a case."""

    def run(case: Case, **options: Any) -> Verdict:
        return check(build(case), policy_of(case), registry().values(), **options)

    return run


@pytest.fixture
def judge() -> Judge:
    """Run one rule over a case and compare with what the case says."""

    def run(rule: str, case: Case) -> Verdict:
        verdict = check(build(case), policy_of(case), [registry()[rule]])
        found = [(str(it.severity), it.key or "", it.message) for it in verdict.findings]
        expected = list(case.get("finds", []))
        for severity, name, part in expected:
            key = full(name)
            match = next((it for it in found if it[:2] == (severity, key) and part in it[2]), None)
            assert match is not None, f"lacks {severity} {key} {part!r}; has {found}"
            found.remove(match)
        assert not found, f"unexpected: {found}"
        reasons = [it.reason for it in verdict.skipped]
        if "skips" in case:
            assert len(reasons) == 1, f"skipped: {reasons}"
            assert case["skips"] in reasons[0]
        else:
            assert reasons == []
        return verdict

    return run
