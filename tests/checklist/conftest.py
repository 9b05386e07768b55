"""Shipped questions, and hosts in a few words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from tuner.checklist.answer import Answer
from tuner.checklist.attestation import Attestations, parse_attestations
from tuner.checklist.evidence import Scene
from tuner.checklist.item import Item
from tuner.checklist.questions import items_for, load_items, settled_order
from tuner.checklist.settle import settle
from tuner.inventory.host import Host
from tuner.inventory.scope import Scopes
from tuner.policy.profile import Profile
from tuner.policy.resolve import load_profiles, resolve
from tuner.rules._check import check, registry
from tuner.rules._state import key_states
from tuner.snapshot.facts import Facts
from tuner.snapshot.snapshot import Counters, Flow, Listener, Snapshot, Sockets
from tuner.sysctl.files import Entry
from tuner.sysctl.key import parse_key
from tuner.sysctl.version import parse_version

CHECKOUT = Path(__file__).resolve().parents[2]
TODAY = date(2030, 6, 1)


@cache
def profiles() -> Mapping[str, Profile]:
    return load_profiles([CHECKOUT / "profiles"])


@cache
def items() -> tuple[Item, ...]:
    return load_items([CHECKOUT / "profiles" / "checklists"], roles=profiles())


def snapshot(
    live: Mapping[str, str] | None = None,
    *,
    files: Mapping[str, str] | None = MappingProxyType({}),
    listeners: tuple[Listener, ...] = (),
    flows: tuple[Flow, ...] = (),
    **more: Any,
) -> Snapshot:
    """Build a host; ``files`` None: the source has no files at all."""
    made: dict[str, Any] = {
        "files": None
        if files is None
        else tuple(Entry(path, content=text.encode()) for path, text in files.items()),
        "sockets": Sockets({}, listeners, flows),
        "counters": Counters({"TcpExt.TCPAbortOnData": 3}, {}, 1.0),
    }
    return Snapshot(
        host="h",
        kernel=parse_version("6.1.0"),
        live={parse_key(key): value for key, value in (live or {}).items()},
        **(made | more),
    )


def scene(given: Snapshot, roles: tuple[str, ...] = ("base",), **more: Any) -> Scene:
    policy = resolve(profiles(), roles)
    verdict = check(given, policy, registry().values(), today=TODAY)
    return Scene(given, verdict, key_states(given, policy), **more)


def attestations(text: str, *hosts: Host, whole: bool = True) -> Attestations:
    made = parse_attestations(text, items(), today=TODAY, file="attestations.yml")
    made.bind(Scopes(hosts or (Host("h"),)), whole=whole)
    return made


@pytest.fixture
def answers() -> Callable[..., dict[str, Answer]]:
    """Settle every question of a host with one role."""

    def run(
        role: str = "public-server",
        *,
        given: Snapshot | None = None,
        said: str = "",
        facts: Mapping[str, str] | None = None,
        failure: str = "",
        planned: frozenset[Any] = frozenset(),
    ) -> dict[str, Answer]:
        policy = resolve(profiles(), (role,))
        found = settle(
            settled_order(items_for(items(), policy)),
            host="h",
            scene=None if failure else scene(given or snapshot(), (role,), planned=planned),
            facts=Facts.model_validate(facts or {}),
            attestations=attestations(said, Host("h", roles=(role,))),
            today=TODAY,
            failure=failure,
        )
        return {answer.item: answer for answer in found}

    return run
