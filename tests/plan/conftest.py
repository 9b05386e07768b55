"""Hosts in a few words, and their plans."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tuner.plan.make import make_plan
from tuner.plan.plan import Plan
from tuner.policy.policy import Policy
from tuner.policy.profile import Profile, parse_profile
from tuner.policy.resolve import load_profiles, resolve
from tuner.policy.waiver import Waiver
from tuner.rules._check import check, registry
from tuner.rules._finding import Verdict
from tuner.snapshot.facts import Facts
from tuner.snapshot.snapshot import Counters, Missing, Snapshot, Sockets
from tuner.snapshot.system import Loader, System
from tuner.sysctl.files import Entry
from tuner.sysctl.key import Key, parse_key
from tuner.sysctl.version import parse_version

CHECKOUT = Path(__file__).resolve().parents[2]
TEMPLATE = (CHECKOUT / "templates" / "sysctl.conf.j2").read_text()
TODAY = date(2026, 11, 1)
MARK = "# tuner owns this file\n"
VERSIONS = {"systemd-sysctl": "252", "procps": "4.0.2", "busybox": "1.36.0"}


@cache
def shipped() -> Mapping[str, Profile]:
    return load_profiles([CHECKOUT / "profiles"])


def policy_of(*roles: str, profile: str = "") -> Policy:
    if not profile:
        return resolve(shipped(), roles or ("base",))
    own = {**shipped(), "own": parse_profile("own", profile)}
    return resolve(own, (*roles, "own"))


def full(name: str) -> Key:
    return parse_key(name if "." in name or "/" in name else f"net.ipv4.{name}")


def host(
    live: Mapping[str, str | Missing] | None = None,
    files: Mapping[str, str | bytes] | Iterable[Entry] | None = (),
    *,
    kernel: str = "6.1.0",
    memory: int = 8 << 30,
    later: Mapping[str, str] | None = None,
    modules: Mapping[str, str] | None = None,
    loaders: Sequence[str] = ("systemd-sysctl", "procps"),
    init: str = "systemd",
    container: str = "",
    cmdline: str = "",
    facts: Mapping[str, str] | None = None,
    sockets: Sockets | None = None,
    counters: Counters | None = None,
) -> Snapshot:
    """Build a snapshot; keys without a dot are of net.ipv4."""
    return Snapshot(
        host="h1",
        kernel=parse_version(kernel),
        system=System(
            memory=memory,
            init=init,
            container=container,
            loaders=tuple(Loader(name, VERSIONS[name]) for name in loaders),
        ),
        live={full(name): value for name, value in (live or {}).items()},
        files=None if files is None else entries(files),
        later_files=entries(later or {}),
        modules_load=entries(modules or {}),
        cmdline=cmdline,
        facts=Facts.model_validate(facts or {}),
        sockets=sockets or Sockets({}, (), ()),
        counters=counters or Counters({}, {}, 1.0),
    )


def entries(files: Mapping[str, str | bytes] | Iterable[Entry]) -> tuple[Entry, ...]:
    if not isinstance(files, Mapping):
        return tuple(files)
    return tuple(
        Entry(path, content=text if isinstance(text, bytes) else text.encode())
        for path, text in files.items()
    )


def judge(snapshot: Snapshot, policy: Policy, waivers: Iterable[Waiver] = ()) -> Verdict:
    return check(snapshot, policy, registry().values(), waivers=waivers, today=TODAY)


def plan_of(
    snapshot: Snapshot, policy: Policy, *, waivers: Sequence[Waiver] = (), **options: Any
) -> Plan:
    verdict = judge(snapshot, policy, waivers)
    return make_plan(snapshot, verdict, policy, TEMPLATE, waivers=waivers, **options)


def file_of(plan: Plan, path: str) -> str:
    """Return what a file of the plan says then."""
    (found,) = (it for it in plan.files if it.path == path)
    assert found.after is not None
    return found.after.decode()


@pytest.fixture
def template() -> str:
    return TEMPLATE
