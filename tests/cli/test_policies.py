"""Roles that fit no profile are shown where they stand."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from tuner.cli.policies import policies_of
from tuner.errors import PolicyError
from tuner.inventory.load import load_inventory


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        (
            "hosts.yml",
            "all:\n  hosts:\n    a:\n      tuner_roles: bsae\n",
            ":4:7: a: there is no role",
        ),
        (
            "hosts.yml",
            "all:\n  hosts:\n    a:\n      tuner_roles:\n        - base\n        - bsae\n",
            ":6:11: a: there is no role",
        ),
        (
            "hosts.yml",
            "all:\n  vars: {r: bsae}\n  hosts: {a: {tuner_roles: '{{ r }}'}}\n",
            ":3:15: a: ",
        ),
        ("hosts", "[web]\na x=1 tuner_roles=bsae\n", ":2:7: a: there is no role 'bsae'"),
    ],
)
def test_an_unknown_role_is_shown_in_the_inventory(
    tmp_path: Path, name: str, text: str, place: str
) -> None:
    (tmp_path / name).write_text(text)
    hosts = load_inventory(tmp_path / name)
    with pytest.raises(PolicyError) as caught:
        policies_of(hosts, argparse.Namespace(profiles=[]))
    assert str(caught.value).startswith(f"{tmp_path / name}{place}")
    assert caught.value.hint.startswith("did you mean 'base'?")


def test_a_role_of_the_command_line_has_no_place(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("a tuner_roles=base\n")
    hosts = load_inventory(tmp_path / "hosts", roles=["bsae"])
    with pytest.raises(PolicyError) as caught:
        policies_of(hosts, argparse.Namespace(profiles=[]))
    assert str(caught.value) == "a: there is no role 'bsae'"
