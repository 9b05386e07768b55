"""YAML by hand: what is read, and where a complaint points."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import BaseModel, ConfigDict, TypeAdapter

from tuner.documents import Document, near
from tuner.errors import ChecklistError


class Row(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    until: date | None = None
    count: int = 0


ROWS = TypeAdapter(list[Row])


def read(text: str, largest: int = 1000) -> Document[list[Row]]:
    return Document(
        text, ROWS, file="f.yml", error=ChecklistError, names=Row.model_fields, largest=largest
    )


def test_words_stay_what_is_written() -> None:
    rows = read("- {name: no, until: 2030-01-31}\n- {name: 010, count: 12}\n- name: '~'\n").value
    assert [row.name for row in rows] == ["no", "010", "~"]
    assert rows[0].until == date(2030, 1, 31)
    assert (rows[1].count, rows[2].until) == (12, None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- name: a\n  cuont: 3\n", "f.yml:2:3: there is no field 'cuont'"),
        ("- name: a\n- until: 2030-01-01\n", "f.yml:2:3: 'name' is missing"),
        ("- name: a\n  until: 2030-02-30\n", "f.yml:2:3: 0.until is '2030-02-30', not a day"),
        ("- name:\n", "f.yml:1:3: 0.name is empty"),
        ("- name: a\n  name: b\n", "f.yml:2:3: 'name' is there twice"),
        ("- &a\n  name: a\n- *a\n", "f.yml:1:3: YAML aliases are not understood here"),
        ("- name: !!python/name:os.system x\n", "f.yml:1:9: the tag python/name:os.system is not"),
        ("- name: !secret x\n", "f.yml:1:9: the tag !secret is not understood here"),
        ("- [[[[[[[[[[1]]]]]]]]]]\n", "nested too deeply"),
        ("- {name: [}\n", "f.yml:1:11: not YAML: "),
        ("- ? [a]\n  : b\n", "f.yml:1:5: a name should be plain text"),
        ("name: a\n", "f.yml:1:1: this file is a mapping, not a list"),
        ("", "f.yml: this file is nothing, not a list"),
        ("- name: a\x00\n", "f.yml: not YAML"),
        ("a: b\n---\nc: d\n", "not YAML: expected a single document"),
        ("x" * 1001, "f.yml: larger than 1000 characters"),
    ],
)
def test_every_complaint_names_its_place(text: str, said: str) -> None:
    with pytest.raises(ChecklistError) as caught:
        read(text)
    assert said in str(caught.value)


def test_a_part_that_is_absent_is_placed_where_it_would_be() -> None:
    document = read("- name: a\n  count: 1\n")
    assert document.place(0, "count") == (2, 3)
    assert document.place(0, "until") == (1, 3)
    assert document.place(7) == (1, 1)
    with pytest.raises(ChecklistError) as caught:
        document.fail("no", 0, "count", hint="yes")
    assert (str(caught.value), caught.value.hint) == ("f.yml:2:3: no", "yes")


def test_near_suggests_what_is_near_only() -> None:
    assert near("cuont", ["count", "name"]) == "did you mean count?"
    assert near("zzz", ["count", "name"]) == ""
