"""Two expectations of one key: what satisfies both, or that nothing does."""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.compliance import complies, limits, spread
from tuner.policy.policy import Expectation
from tuner.sysctl.value import parse_value

_Interval = tuple[int | None, int | None]


def combine(one: Expectation, other: Expectation) -> Expectation | None:
    """Return the expectation that asks for both, None where no value can satisfy them.

    Two minima make the higher one, two maxima the lower one, a minimum and a maximum a range; a
    list of values is cut down to those that the other side accepts. Texts come from the side that
    decides; severity is the higher of the two, and a key that either side requires is required.
    """
    for first, second in ((one, other), (other, one)):
        if _demand(first) == _demand(second):
            return _joined(first, first, second)
        values = _values(first)
        if values is not None:
            fit = tuple(
                text
                for text in values
                if complies(second, parse_value(text), default=None, memory=0)
            )
            if not fit:
                return None
            single = len(fit) == 1
            return _joined(
                first,
                first,
                second,
                exactly=fit[0] if single else None,
                one_of=None if single else fit,
            )
    if one.default or other.default or one.per_gib != other.per_gib:
        return None
    return _intersect(one, other)


def _intersect(one: Expectation, other: Expectation) -> Expectation | None:
    """Return the one relation that says what two bounds say together, if there is one."""
    length = max(_length(one), _length(other))
    if {_length(one), _length(other)} - {0, length}:
        return None  # vectors of different lengths
    cut: list[_Interval] = []
    for (least, most), (floor, ceiling) in zip(
        _intervals(one, length or 1), _intervals(other, length or 1), strict=True
    ):
        low = max((it for it in (least, floor) if it is not None), default=None)
        high = min((it for it in (most, ceiling) if it is not None), default=None)
        if low is not None and high is not None and low > high:
            return None
        cut.append((low, high))
    plain = {"exactly": None, "at_least": None, "at_most": None, "between": None, "one_of": None}
    if all(high is None for _, high in cut):
        numbers = tuple(low for low, _ in cut)
        return _joined(one, one, other, **{**plain, "at_least": numbers if length else numbers[0]})
    if all(low is None for low, _ in cut):
        numbers = tuple(high for _, high in cut)
        return _joined(one, one, other, **{**plain, "at_most": numbers if length else numbers[0]})
    if one.per_gib or not all((low is None) == (high is None) for low, high in cut):
        return None
    pairs = tuple(None if low is None else (low, high) for low, high in cut)
    return _joined(one, one, other, **{**plain, "between": pairs if length else pairs[0]})


def _joined(
    base: Expectation, one: Expectation, other: Expectation, **changes: object
) -> Expectation:
    origins = dict.fromkeys(it.origin for it in (one, other) if it.origin)
    data = {
        **base.model_dump(),
        **changes,
        "severity": max(one.severity, other.severity),
        "required": one.required or other.required,
        "origin": ", ".join(origins),
    }
    joined = Expectation.model_validate(data)
    if _demand(joined) == _demand(other) != _demand(base):
        texts = {"why": other.why, "sources": other.sources, "confidence": other.confidence}
        return joined.model_copy(update=texts)
    return joined


def _demand(it: Expectation) -> tuple[object, ...]:
    return (it.exactly, it.at_least, it.at_most, it.between, it.one_of, it.default, it.per_gib)


def _values(it: Expectation) -> tuple[str, ...] | None:
    return (it.exactly,) if it.exactly is not None else it.one_of


def _length(it: Expectation) -> int:
    """Return how many positions the expectation names; 0 for one number that goes for all."""
    if it.between is not None:
        return 0 if isinstance(it.between[0], int) else len(it.between)
    bounds = it.at_least if it.at_least is not None else it.at_most
    return len(bounds) if isinstance(bounds, tuple) else 0


def _intervals(it: Expectation, length: int) -> Iterator[_Interval]:
    if it.between is not None:
        for pair in spread(it.between, length):
            yield pair or (None, None)
        return
    for bound in limits(it.model_copy(update={"per_gib": False}), length, 0):
        yield (bound, None) if it.at_least is not None else (None, bound)
