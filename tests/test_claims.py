"""Every statement of the two source documents lives somewhere in tuner, and that place exists."""

from __future__ import annotations

import re
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
    page, _, words = name.partition("::")
    match kind:
        case "rule":
            there = page in registry() and _plain(words) in _plain(registry()[page].doc)
        case "topic":
            file = TOPICS / f"{page}.md"
            there = bool(words) and file.is_file() and _plain(words) in _plain(file.read_text())
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
            file = CHECKOUT / page
            there = file.is_file() and bool(words) and words in file.read_text(encoding="utf-8")
        case _:
            there = False
    return "" if there else target


def _plain(text: str) -> str:
    return " ".join(re.sub("[*`]", "", text).split())


def test_no_claim_is_missing_and_none_is_made_up() -> None:
    assert list(claims()) == NUMBERS


@pytest.mark.parametrize("number", NUMBERS)
def test_every_claim_is_carried_by_something_that_exists(number: str) -> None:
    targets = claims().get(number, [])
    assert targets, f"{number} is carried by nothing"
    assert [target for target in targets if missing(target)] == []
    said = [target for target in targets if "::" in target and not target.startswith("test ")]
    assert said, f"no page is quoted that says {number}"


def test_a_target_that_does_not_exist_is_noticed() -> None:
    for target in (
        "rule no-such",
        "rule drift::words that its page does not have",
        "topic no-such::Sources",
        "topic time-wait",
        "topic time-wait::words that it does not have",
        "profile base net.ipv4.no_such",
        "probe Flow.no_such",
        "probe NoSuch.outbound",
        "formula no_such",
        "test tests/rules/test_no_such.py::x",
        "test tests/rules/test_drift.py::no such case",
        "nothing at all",
    ):
        assert missing(target) == target
