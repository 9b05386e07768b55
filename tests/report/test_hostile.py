"""Whatever hosts, inventories and profiles say, every format stays what it is."""

from __future__ import annotations

import re

import pytest

from tests.report.samples import FORMATS, HOSTILE, empty_report, render, rendered
from tuner.cli.exits import Exit

CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2028\u2029\ud800-\udfff\ufffe]"
)


@pytest.mark.parametrize("form", FORMATS)
def test_no_character_that_moves_or_reorders_text(form: str) -> None:
    text = rendered(form)
    text.encode("utf-8")
    assert not CONTROL.search(text)


@pytest.mark.parametrize("form", FORMATS)
def test_every_hostile_host_is_there(form: str) -> None:
    text = rendered(form)
    for number in range(len(HOSTILE) - 1):  # the last name is cut before its number
        assert f"{number}" in text
    assert text.count("octocat") >= 2


@pytest.mark.parametrize("form", sorted({*FORMATS} - {"json", "jsonl"}))
def test_nothing_is_endless(form: str) -> None:
    long = re.findall(r"x{700,}", rendered(form))
    assert len(long) <= 2  # the failed host's hint alone, which may hold a command
    assert all(len(run) <= 4000 for run in long)


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_input_gives_the_same_bytes(form: str) -> None:
    rendered.cache_clear()
    first = rendered(form)
    rendered.cache_clear()
    assert rendered(form) == first


@pytest.mark.parametrize("form", FORMATS)
def test_no_host_at_all(form: str) -> None:
    assert render(form, empty_report(), Exit.CLEAN).strip()
