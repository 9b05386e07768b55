"""Values that are worked out when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

T = TypeVar("T")


class lazy(Generic[T]):  # noqa: N801 - used as a decorator, as functools.cached_property is
    """A property that is worked out once and kept in the instance's ``__dict__``.

    Before Python 3.12, functools.cached_property holds one lock of the class while it works: hosts
    that are judged in many threads would wait for each other. Here two threads that ask at once
    both work, and get equal values.
    """

    def __init__(self, work: Callable[[Any], T]) -> None:
        self._work = work
        self.__doc__ = work.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        """Remember where the value is kept."""
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> T | Self:
        """Return the value; the instance's own, once it is there, is found before this."""
        if instance is None:
            return self
        value = instance.__dict__[self._name] = self._work(instance)
        return value
