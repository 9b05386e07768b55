"""Which hosts a scope means: names, groups, roles and ranges, joined as in Ansible's patterns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import translate

from tuner.errors import InventoryError
from tuner.inventory.addresses import expand, split_port
from tuner.inventory.host import Host
from tuner.inventory.source import suggest

ROLE = "role="
_PIECE = re.compile(r"(?:[^\s:,\[\]]|\[[^\]]*\])+")
_SPECIAL = frozenset("*?")


@dataclass(frozen=True, slots=True)
class Matched:
    """The hosts that a scope means, and the terms in it that mean none of the hosts at hand."""

    names: frozenset[str]
    unmatched: tuple[str, ...] = ()


class Scopes:
    """What scopes mean among some hosts.

    A term is ``all``, a host, a group, ``role=NAME``, a glob over hosts and groups, ``~regex``, or
    a range of host names as reports print it (``web[01:20]``). ``a:b`` or ``a,b`` is either,
    ``a:&b`` both, ``a:!b`` one without the other. A range is never a position in a group, which
    Ansible's ``group[0:2]`` is: what is decided for a host must not move to its neighbour when the
    inventory grows.
    """

    def __init__(self, hosts: Sequence[Host]) -> None:
        self._names = {host.name: None for host in hosts}
        self._sets: dict[str, set[str]] = {"all": set(self._names), "*": set(self._names)}
        for host in hosts:
            for group in host.groups:
                self._sets.setdefault(group, set()).add(host.name)
            for role in host.roles:
                self._sets.setdefault(ROLE + role, set()).add(host.name)
        self._known: dict[str, Matched] = {}

    def find(self, scope: str) -> Matched:
        """Return the hosts of a scope.

        Raises:
            InventoryError: it is malformed; has neither file nor line.
        """
        if scope not in self._known:
            self._known[scope] = self._find(scope)
        return self._known[scope]

    def near(self, term: str) -> str:
        """Return ``did you mean …?`` for a term that means no host, or nothing."""
        return suggest(term, [*self._sets, *self._names])

    def _find(self, scope: str) -> Matched:
        if scope in self._names:  # whatever its name may look like
            return Matched(frozenset({scope}))
        terms = _terms(scope)
        if not terms:
            raise InventoryError("the scope is empty", hint="all means every host")
        unmatched: list[str] = []

        def union(chosen: Iterable[str]) -> set[str]:
            found: set[str] = set()
            for term in chosen:
                names = self._term(term)
                if not names:
                    unmatched.append(term)
                found |= names
            return found

        plain = [term for term in terms if term[0] not in "&!"]
        names = union(plain) if plain else set(self._names)
        for term in terms:
            if term[0] == "&":
                names &= union([term[1:]])
        names -= union(term[1:] for term in terms if term[0] == "!")
        return Matched(frozenset(names), tuple(unmatched))

    def _term(self, term: str) -> set[str]:
        if term in self._names:
            return {term}
        if term in self._sets:
            return self._sets[term]
        if term.startswith("~"):
            try:
                pattern = re.compile(term[1:])
            except re.error as error:
                raise InventoryError(
                    f"{term!r} is no regular expression: {error}",
                    hint="after ~ comes a Python regular expression, as in '~web\\d+'",
                ) from None
            return self._matching(pattern)
        if _SPECIAL & set(term):
            return self._matching(re.compile(translate(term)))
        if "[" in term:
            try:
                return {name for name in expand(term) if name in self._names}
            except ValueError as error:
                raise InventoryError(
                    str(error), hint="a range spells host names, as in web[01:20]"
                ) from None
        return set()

    def _matching(self, pattern: re.Pattern[str]) -> set[str]:
        found = {name for name in self._names if pattern.match(name)}
        for name, members in self._sets.items():
            if pattern.match(name):
                found |= members
        return found


def _terms(scope: str) -> list[str]:
    if "," in scope:
        parts = scope.split(",")
    elif split_port(scope) or scope.startswith("~"):
        parts = [scope]  # an IPv6 address has colons of its own, and so may an expression
    elif scope.count("[") != scope.count("]"):
        raise InventoryError(
            f"{scope!r} holds a bracket that is not a range",
            hint="a range is web[0:2], counted from 0",
        )
    else:
        parts = _PIECE.findall(scope)
    terms = [part.strip() for part in parts if part.strip()]
    for term in terms:
        if term in {"&", "!"}:
            raise InventoryError(
                f"the term {term!r} names nothing",
                hint="patterns are Ansible's, as in 'web:&prod:!web03'",
            )
    return terms
