"""People's answers: strictly read, bound to hosts, and added without touching what is there."""

from __future__ import annotations

from datetime import date

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.checklist.conftest import TODAY, attestations, items
from tuner.checklist.attestation import Attestation, added, parse_attestations
from tuner.errors import ChecklistError
from tuner.inventory.host import Host

ONE = """\
# who said what
- item: reuse-addr
  scope: web:&prod
  answer: yes
  who: Kim
  when: 2030-01-01
  until: 2030-12-31
"""


@pytest.mark.parametrize(
    ("old", "new", "said", "hint"),
    [
        ("reuse-addr", "reuse-adr", ":2:3: there is no item 'reuse-adr'", "mean reuse-addr?"),
        ("answer: yes", "answer: ja", ":4:3: the answer to reuse-addr is one of yes, no", ""),
        ("when: 2030-01-01", "when: 2030-06-02", ":6:3: when 2030-06-02 lies in the future", ""),
        ("until: 2030-12-31", "until: 2029-12-31", ":2:3: 0: until 2029-12-31 is before", ""),
        ("until: 2030-12-31", "until: soon", ":7:3: 0.until", ""),
        ("  until: 2030-12-31\n", "", ":2:3: 'until' is missing", "add until:"),
        ("  who: Kim\n", "  who:\n", ":5:3: 0.who is empty", ""),
        ("who: Kim", "woh: Kim", ":5:3: there is no field 'woh'", "did you mean who?"),
        ("web:&prod", "wbe", ":3:3: 'wbe' means no host of the inventory", "did you mean web?"),
        ("web:&prod", "'~('", ":3:3: '~(' is no regular expression", ""),
        ("reuse-addr", "role-settings", "answered by the host alone", ""),
    ],
)
def test_what_is_wrong_is_placed(old: str, new: str, said: str, hint: str) -> None:
    assert ONE.count(old) == 1
    with pytest.raises(ChecklistError) as caught:
        attestations(ONE.replace(old, new), Host("web1", groups=("web", "prod")))
    assert str(caught.value).startswith("attestations.yml:")
    assert said in str(caught.value)
    assert hint in caught.value.hint


def test_a_scope_decides_for_whom_an_answer_counts() -> None:
    found = attestations(ONE, Host("web1", groups=("web", "prod")), Host("web2", groups=("web",)))
    answer = found.of("web1", "reuse-addr", TODAY)
    assert answer is not None
    assert answer.answer == "yes"
    assert found.of("web2", "reuse-addr", TODAY) is None
    assert found.of("web1", "linger", TODAY) is None


def test_a_part_of_the_inventory_leaves_scopes_without_hosts() -> None:
    found = attestations(ONE, Host("db1", groups=("db",)), whole=False)
    assert found.of("db1", "reuse-addr", TODAY) is None
    assert len(found) == 1


@pytest.mark.parametrize("text", ["", "\n# nobody yet\n", "[]\n", "---\n[]\n"])
def test_a_file_without_answers(text: str) -> None:
    assert len(parse_attestations(text, items(), today=TODAY)) == 0


def made(**more: str) -> Attestation:
    rows = {"item": "idle-owner", "answer": "team", "who": "Kim", "until": "2030-12-31"}
    return Attestation.model_validate({**rows, "when": "2030-06-01", **more})


def test_an_answer_is_added_and_nothing_else_changes() -> None:
    text = added(ONE.rstrip("\n"), made(scope="all:!db1", note="agreed: see #12"))
    assert text.startswith(ONE)
    rows = yaml.safe_load(text)
    assert rows[1] == {
        "item": "idle-owner",
        "scope": "all:!db1",
        "answer": "team",
        "who": "Kim",
        "when": date(2030, 6, 1),
        "until": date(2030, 12, 31),
        "note": "agreed: see #12",
    }
    assert len(parse_attestations(text, items(), today=TODAY)) == 2


@pytest.mark.parametrize("empty", ["", "\n", "[]\n"])
def test_the_first_answer_makes_a_file_that_says_what_it_is(empty: str) -> None:
    text = added(empty, made())
    assert len(yaml.safe_load(text)) == 1
    if empty != "[]\n":
        assert text.startswith("# Answers to `tuner checklist`")


@settings(deadline=None)
@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40).filter(
        lambda text: text == text.strip() and text
    )
)
def test_any_text_comes_back_as_it_was(text: str) -> None:
    written = added(ONE, made(who=text, note=text))
    (_, row) = yaml.safe_load(written)
    assert (row["who"], row["note"]) == (text, text)
    assert len(parse_attestations(written, items(), today=TODAY)) == 2
