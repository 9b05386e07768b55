"""Every statement of the two source documents lives somewhere in tuner, and that place exists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path

import pytest
import yaml

import tuner.snapshot.snapshot as facts
import tuner.sysctl
from tuner.policy.profile import Profile
from tuner.policy.resolve import load_profiles
from tuner.rules import _formulas, _sizes
from tuner.rules._check import registry

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parent
TOPICS = Path(tuner.sysctl.__file__).parent / "topics"
# The topics that the pages are planned with; the folder decides once it is there.
PLANNED = {
    *("time-wait", "fin-wait", "ports-and-sockets", "nat-and-port-reuse", "balancers"),
    *("closing-and-keep-alive", "linger-and-reuseaddr", "listen-queues", "conntrack"),
    "sysctl-loading",
}
NUMBERS = (
    [f"D1-{number}" for number in range(1, 42)]
    + [f"D2-{number}" for number in range(1, 56)]
    + [f"C{number}" for number in range(1, 11)]
    + [f"A{number}" for number in range(1, 11)]
)


@cache
def claims() -> Mapping[str, list[str]]:
    found: Mapping[str, list[str]] = yaml.safe_load((HERE / "claims.yml").read_text())
    return found


@cache
def profiles() -> Mapping[str, Profile]:
    return load_profiles([CHECKOUT / "profiles"])


def missing(target: str) -> str:
    """Return what is not there, empty where the target exists."""
    kind, _, name = target.partition(" ")
    match kind:
        case "rule":
            there = name in registry()
        case "topic":
            known = {path.stem for path in TOPICS.glob("*.md")} if TOPICS.is_dir() else PLANNED
            there = name in known
        case "profile":
            profile, _, key = name.partition(" ")
            lines = profiles()[profile]
            there = key in {*lines.expectations, *lines.leave_alone}
        case "probe":
            owner, _, field = name.partition(".")
            record = getattr(facts, owner, None)
            there = is_dataclass(record) and (
                field in {it.name for it in fields(record)} or hasattr(record, field)
            )
        case "formula":
            there = callable(getattr(_formulas, name, None) or getattr(_sizes, name, None))
        case "test":
            path, _, case = name.partition("::")
            file = CHECKOUT / path
            there = file.is_file() and bool(case) and case in file.read_text(encoding="utf-8")
        case _:
            there = False
    return "" if there else target


def test_no_claim_is_missing_and_none_is_made_up() -> None:
    assert list(claims()) == NUMBERS


@pytest.mark.parametrize("number", NUMBERS)
def test_every_claim_is_carried_by_something_that_exists(number: str) -> None:
    targets = claims().get(number, [])
    assert targets, f"{number} is carried by nothing"
    assert [target for target in targets if missing(target)] == []


def test_a_target_that_does_not_exist_is_noticed() -> None:
    for target in (
        "rule no-such",
        "topic no-such",
        "profile base net.ipv4.no_such",
        "probe Flow.no_such",
        "probe NoSuch.outbound",
        "formula no_such",
        "test tests/rules/test_no_such.py::x",
        "test tests/rules/test_drift.py::no such case",
        "nothing at all",
    ):
        assert missing(target) == target
