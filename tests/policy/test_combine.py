"""Two roles on one host want what both want: the combination is their intersection."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tuner.policy.combine import combine
from tuner.policy.compliance import complies, remedy
from tuner.policy.policy import Expectation
from tuner.sysctl.key import Key
from tuner.sysctl.value import Value, parse_value

NUMBER = st.integers(0, 9)
SOME = st.one_of(st.none(), NUMBER)
PAIR = st.tuples(NUMBER, NUMBER).map(lambda pair: tuple(sorted(pair)))
RELATIONS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    NUMBER.map(lambda number: {"exactly": str(number)}),
    st.tuples(NUMBER, NUMBER).map(lambda pair: {"exactly": f"{pair[0]} {pair[1]}"}),
    st.lists(NUMBER.map(str), min_size=1, max_size=4).map(lambda some: {"one_of": tuple(some)}),
    NUMBER.map(lambda number: {"at_least": number}),
    NUMBER.map(lambda number: {"at_most": number}),
    st.tuples(SOME, SOME).map(lambda pair: {"at_least": pair}),
    st.tuples(SOME, SOME).map(lambda pair: {"at_most": pair}),
    PAIR.map(lambda pair: {"between": pair}),
    st.tuples(PAIR, st.one_of(st.none(), PAIR)).map(lambda pairs: {"between": pairs}),
    st.just({"default": True}),
)
VALUES = [parse_value(str(one)) for one in range(10)] + [
    parse_value(f"{one} {two}") for one in range(0, 10, 3) for two in range(0, 10, 3)
]


def expectation(relation: dict[str, Any]) -> Expectation:
    return Expectation(key=Key("net.x"), why="w", sources=("s",), **relation)


def fits(wanted: Expectation, value: Value) -> bool:
    return complies(wanted, value, default=parse_value("4"), memory=0) is True


@given(one=RELATIONS, other=RELATIONS)
@settings(max_examples=1500, deadline=None)
def test_a_value_fits_the_combination_if_it_fits_both(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    first, second = expectation(one), expectation(other)
    both = combine(first, second)
    if both is not None:
        for value in VALUES:
            assert fits(both, value) == (fits(first, value) and fits(second, value)), value


@given(one=RELATIONS, other=RELATIONS)
@settings(max_examples=500, deadline=None)
def test_refusing_to_combine_loses_no_plain_bounds(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    plain = ("exactly", "one_of")
    first, second = expectation(one), expectation(other)
    if combine(first, second) is None and (first.relation in plain or second.relation in plain):
        assert not any(
            fits(first, value) and fits(second, value)
            for value in VALUES
            if "default" not in {first.relation, second.relation}
        )


@given(wanted=RELATIONS, now=st.sampled_from(VALUES))
@settings(max_examples=500, deadline=None)
def test_the_remedy_cures(wanted: dict[str, Any], now: Value) -> None:
    asked = expectation(wanted)
    cure = remedy(asked, now, default=parse_value("4"), memory=0)
    if cure is not None:
        assert fits(asked, cure)
        if fits(asked, now) and asked.relation not in {"exactly", "one_of", "default"}:
            assert cure == now
