"""Whether a value is what an expectation asks for, what that is in words, and its cure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import repeat

from tuner.policy.policy import Expectation, Numbers
from tuner.sysctl.value import Value, parse_value

_GIB = 1 << 30


def complies(
    expectation: Expectation, value: Value, *, default: Value | None, memory: int
) -> bool | None:
    """Tell whether the value satisfies the expectation; None where nobody can tell.

    Args:
        expectation: what is wanted.
        value: what is, or would be.
        default: the kernel's default for this key on this host, None where it is not known.
        memory: the host's memory in bytes, 0 where it is not known.
    """
    match expectation.relation:
        case "exactly":
            return same(parse_value(expectation.exactly or ""), value)
        case "one_of":
            return any(same(parse_value(one), value) for one in expectation.one_of or ())
        case "default":
            return None if default is None else same(default, value)
    numbers = value.ints()
    if not numbers or (expectation.per_gib and not memory):
        return None
    if expectation.between is not None:
        pairs = spread(expectation.between, len(numbers))
        return len(pairs) == len(numbers) and all(
            pair is None or pair[0] <= number <= pair[1]
            for pair, number in zip(pairs, numbers, strict=True)
        )
    bounds = limits(expectation, len(numbers), memory)
    return len(bounds) == len(numbers) and all(
        bound is None or (number >= bound if expectation.at_least is not None else number <= bound)
        for bound, number in zip(bounds, numbers, strict=True)
    )


def wanted(expectation: Expectation, *, default: Value | None = None, memory: int = 0) -> str:
    """Return what the expectation asks for in words, such as ``at least 4096``."""
    match expectation.relation:
        case "exactly":
            return str(parse_value(expectation.exactly or ""))
        case "one_of":
            return " or ".join(expectation.one_of or ())
        case "default":
            return "the kernel's default" + (f", {default}" if default is not None else "")
        case "between":
            return _between_in_words(expectation)
    word = "at least" if expectation.at_least is not None else "at most"
    numbers = _given(expectation)
    if expectation.per_gib and memory:
        numbers = _scaled(numbers, memory)
    text = (
        f"{word} {numbers}"
        if isinstance(numbers, int)
        else " and ".join(
            f"{place} {word} {number}"
            for place, number in zip(_places(len(numbers)), numbers, strict=True)
            if number is not None
        )
    )
    return text + (" per GiB of memory" if expectation.per_gib and not memory else "")


def remedy(
    expectation: Expectation, value: Value | None, *, default: Value | None, memory: int
) -> Value | None:
    """Return the value nearest to the present one that complies, None where none is known."""
    match expectation.relation:
        case "exactly":
            return parse_value(expectation.exactly or "")
        case "one_of":
            return parse_value((expectation.one_of or ("",))[0])
        case "default":
            return default
    numbers = value.ints() if value is not None else None
    if not numbers or (expectation.per_gib and not memory):
        return None
    if expectation.between is not None:
        pairs = spread(expectation.between, len(numbers))
        if len(pairs) != len(numbers):
            return None
        return _value(
            number if pair is None else min(max(number, pair[0]), pair[1])
            for pair, number in zip(pairs, numbers, strict=True)
        )
    bounds = limits(expectation, len(numbers), memory)
    if len(bounds) != len(numbers):
        return None
    choose: Callable[[int, int], int] = max if expectation.at_least is not None else min
    return _value(
        number if bound is None else choose(number, bound)
        for bound, number in zip(bounds, numbers, strict=True)
    )


def spread(between: tuple[object, ...], length: int) -> tuple[tuple[int, int] | None, ...]:
    """Return one pair (or None for any) per position of a vector of that length."""
    pairs: list[tuple[int, int] | None] = []
    match between:
        case (int(low), int(high)):
            pairs = list(repeat((low, high), length))
        case _:
            for pair in between:
                match pair:
                    case (int(low), int(high)):
                        pairs.append((low, high))
                    case _:
                        pairs.append(None)
    return tuple(pairs)


def limits(expectation: Expectation, length: int, memory: int) -> tuple[int | None, ...]:
    """Return one number (or None for any) per position for ``at_least`` and ``at_most``."""
    numbers = _given(expectation)
    if expectation.per_gib:
        numbers = _scaled(numbers, memory)
    return (numbers,) * length if isinstance(numbers, int) else numbers


def _given(expectation: Expectation) -> Numbers:
    numbers = expectation.at_least if expectation.at_least is not None else expectation.at_most
    return () if numbers is None else numbers


def _scaled(numbers: Numbers, memory: int) -> Numbers:
    if isinstance(numbers, int):
        return numbers * memory // _GIB
    return tuple(None if number is None else number * memory // _GIB for number in numbers)


def same(one: Value, other: Value) -> bool:
    """Tell whether two values are one: the same words, or the same decimal numbers."""
    numbers = one.ints()
    return one.tokens == other.tokens or (numbers is not None and numbers == other.ints())


def _value(numbers: Iterable[int]) -> Value:
    return Value(tuple(str(number) for number in numbers))


def _between_in_words(expectation: Expectation) -> str:
    between = expectation.between or ()
    if between and isinstance(between[0], int):
        return f"between {between[0]} and {between[1]}"
    return " and ".join(
        f"{place} between {pair[0]} and {pair[1]}"
        for place, pair in zip(_places(len(between)), between, strict=True)
        if isinstance(pair, tuple)
    )


def _places(length: int) -> tuple[str, ...]:
    names = ("first", "second", "third", "fourth")
    return names[:length] + tuple(f"number {n}" for n in range(len(names) + 1, length + 1))
