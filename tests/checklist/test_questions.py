"""The questions as data: what is shipped holds together, and what users write is checked."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.checklist.conftest import CHECKOUT, items, profiles
from tuner.checklist.item import Form, Item, ports_of
from tuner.checklist.questions import load_items, settled_order
from tuner.errors import ChecklistError

FOLDER = CHECKOUT / "profiles" / "checklists"
GOOD = """\
title: Our own
order: 5
items:
  backup:
    roles: public-server
    question: Is there a backup?
    answers: [yes, no]
    against: no
    instead: Make one.
    find_out: [{how: Look at it.}]
    why: Disks fail.
    sources: our runbook
"""


def load(tmp_path: Path, text: str) -> tuple[Item, ...]:
    (tmp_path / "own.yml").write_text(text)
    return load_items([FOLDER, tmp_path], roles=profiles())


def test_what_no_probe_can_answer_is_asked() -> None:
    """The questions that the documents about TIME_WAIT leave to people."""
    asked = {item.id for item in items()}
    assert asked >= {
        "connections-kept",
        "callers-keep",
        "closing-side",
        "ports-scarce",
        "callers-ports-scarce",
        "nat-in-path",
        "nat-quarantine",
        "hashed-nat",
        "stateful-firewall",
        "firewall-drops-syn",
        "firewall-timers",
        "reuse-addr",
        "linger",
        "listen-backlog",
        "path-idle-timeout",
        "idle-longer-than-balancer",
        "idle-owner",
        "bound-source",
    }


@pytest.mark.parametrize("item", items(), ids=lambda item: item.id)
def test_every_item_is_worth_reading(item: Item) -> None:
    assert item.question.endswith("?")
    assert item.why.endswith(".")
    assert item.concern
    assert all(way.how.rstrip(":.") != way.how or way.run for way in item.find_out)
    assert len(" ".join(item.why.split())) <= 420
    assert all(re.search(r"\d|tuner explain|\(\d\)", source) for source in item.sources) or (
        item.sources == ("tuner explain",)
        or all(source.startswith("tuner explain") for source in item.sources)
    )


def test_every_command_is_one_that_a_shell_reads() -> None:
    commands = [way.run for item in items() for way in item.find_out if way.run]
    assert len(commands) > 20
    for command in commands:
        done = subprocess.run(
            ["sh", "-n"], input=command, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"
        assert "\n" not in command


def test_items_come_by_concern_and_their_conditions_first() -> None:
    concerns = [item.concern for item in items()]
    assert concerns == sorted(concerns, key=concerns.index)
    order = [item.id for item in settled_order(items())]
    assert sorted(order) == sorted(item.id for item in items())
    for item in items():
        for name in item.only_if:
            assert order.index(name) < order.index(item.id)


def test_users_add_and_replace(tmp_path: Path) -> None:
    found = load(tmp_path, GOOD + GOOD.partition("items:\n")[2].replace("backup", "reuse-addr"))
    by_name = {item.id: item for item in found}
    assert found[0].id == "backup"  # order 5 stands before ours
    assert by_name["reuse-addr"].question == "Is there a reuse-addr?"
    assert by_name["reuse-addr"].concern == "Our own"
    assert len(found) == len(items()) + 1


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("roles: public-server", "roles: public-sever", "own.yml:5:5: there is no role"),
        ("against: no", "against: never", "own.yml:4:3: items.backup: against: 'never' is not"),
        ("    instead: Make one.\n", "", "needs an 'instead'"),
        ("    find_out: [{how: Look at it.}]\n", "", "find_out: say how a person finds"),
        ("answers: [yes, no]", "answers: [yes]", "a choice needs at least two"),
        ("why: Disks fail.", "whi: Disks fail.", "own.yml:11:5: there is no field 'whi'"),
        ("why: Disks fail.", "why: ''", "items.backup.why"),
        ("sources: our runbook", "id: x\n    sources: y", "own.yml:12:5: there is no field 'id'"),
        ("  backup:", "  Back Up:", "own.yml:4:3: 'Back Up' is no name for an item"),
        ("why:", "fact: gnat\n    why:", "tuner_facts has no 'gnat'"),
        ("why:", "fact: balancer\n    why:", "may be 'l4', which is no answer here"),
        ("why:", "host: {rules: drfit}\n    why:", "there is no rule 'drfit'"),
        ("why:", "host: {evidence: backlogs}\n    why:", "there is no evidence 'backlogs'"),
        ("why:", "host: {}\n    why:", "give exactly one of rules, kinds, evidence"),
        ("why:", "host: {kinds: mith}\n    why:", "'mith' is not one of"),
        ("why:", "host: {rules: drift, but: drift}\n    why:", "but goes with kinds"),
        ("why:", "only_if: {gone: yes}\n    why:", "there is no item 'gone'"),
        ("why:", "only_if: {balancer: l3}\n    why:", "'l3' is no answer to balancer"),
        ("why:", "only_if: {backup: yes}\n    why:", "in a circle: backup → backup"),
        ("why:", "form: essay\n    why:", "'essay' is not one of"),
        ("title: Our own\n", "", "'title' is missing"),
        (GOOD, "title: x\nitems: {}\n", "items"),
        (GOOD, "", "this file is nothing, not a mapping"),
    ],
)
def test_what_is_wrong_is_placed(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert GOOD.count(old) == 1
    with pytest.raises(ChecklistError) as caught:
        load(tmp_path, GOOD.replace(old, new))
    assert str(caught.value).startswith(str(tmp_path / "own.yml"))
    assert said in str(caught.value)


def test_suggestions(tmp_path: Path) -> None:
    for new, hint in (
        ("roles: public-sever", "did you mean public-server?"),
        ("roles: [public-server]\n    only_if: {balancre: l4}", "did you mean balancer?"),
    ):
        with pytest.raises(ChecklistError) as caught:
            load(tmp_path, GOOD.replace("roles: public-server", new))
        assert caught.value.hint == hint


def test_two_files_of_one_folder_must_not_share_an_item(tmp_path: Path) -> None:
    (tmp_path / "other.yml").write_text(GOOD)
    with pytest.raises(ChecklistError, match=r"own\.yml:4:3: the item backup is in .*other\.yml"):
        load(tmp_path, GOOD)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ChecklistError, match="cannot read the folder of questions"):
        load_items([tmp_path / "gone"], roles=profiles())
    (tmp_path / "x.yml").write_bytes(b"\xff")
    with pytest.raises(ChecklistError, match="not UTF-8"):
        load_items([tmp_path], roles=profiles())


@pytest.mark.parametrize(
    ("form", "answer", "taken"),
    [
        (Form.CHOICE, "yes", True),
        (Form.CHOICE, "Yes", False),
        (Form.SECONDS, "350", True),
        (Form.SECONDS, "yes", True),
        (Form.SECONDS, "0", False),
        (Form.SECONDS, "350 s", False),
        (Form.SECONDS, "٣", False),
        (Form.PORTS, "443", True),
        (Form.PORTS, "443, 8443", True),
        (Form.PORTS, "0", False),
        (Form.PORTS, "70000", False),
        (Form.PORTS, "https", False),
        (Form.TEXT, "team edge", True),
        (Form.TEXT, "x" * 201, False),
        (Form.TEXT, " ", False),
    ],
)
def test_forms_of_answers(form: Form, answer: str, taken: bool) -> None:  # noqa: FBT001
    item = Item(
        id="x",
        roles=("base",),
        question="?",
        form=form,
        answers=("yes", "no"),
        find_out=[{"how": "ask"}],
        why=".",
        sources=("x",),
    )
    assert (item.refusal(answer) == "") is taken


def test_ports_of_an_answer() -> None:
    assert ports_of("443, 8443 80") == (443, 8443, 80)
    assert ports_of("all") == ()
