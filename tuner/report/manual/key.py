"""The page of a key: meaning, range, default and lifetime, and who in the manual speaks of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tuner.policy.compliance import wanted
from tuner.policy.peers import Recommendation
from tuner.report.manual._markdown import Lead, bullets, facts, linked, plain, table
from tuner.report.manual._names import Kind, Manual, Name
from tuner.sysctl.catalog import Parameter, Range, describe
from tuner.sysctl.key import Key

_LARGEST = {
    2147483647: "2147483647 (2^31-1)",
    -2147483648: "-2147483648 (-2^31)",
    -2147483647: "-2147483647",
    4294967295: "4294967295 (2^32-1)",
}
_DIRECTIONS = {
    "looser": "limits less, or lets more in",
    "stricter": "refuses more",
    "longer": "waits or keeps longer",
    "memory": "may use more memory",
}
_EFFECTS = {
    "at once": "at once: the next packet or decision reads it",
    "new connections": "for connections and sockets made afterwards",
    "next listen()": "when a program calls listen() again, which as a rule is its restart",
    "next timer": "when the next timer is set; those that run are not changed",
    "next packet": "for each tracked connection with its next packet",
    "new devices": "for devices, or addresses, that are added afterwards",
    "new namespaces": "for network namespaces made afterwards",
}
_NAMESPACES = {
    "own": "each has its own value, and may write it",
    "read-only": "one value for all, shown in each and written in the first alone",
    "absent": "one value for all; only the first namespace shows it",
    "shared": "one value for all; a write reaches every namespace",
}

_BEFORE = {
    "own": "one value for all",
    "read-only": "only the first showed it",
}


def key_page(manual: Manual, key: Key, lead: Lead) -> str:
    """Return the page as Markdown."""
    return f"# {plain(key)}\n\n{key_body(manual, key, lead)}"


def key_body(manual: Manual, key: Key, lead: Lead) -> str:
    """Return the page without its title, for the page of the family."""
    entry = manual.parameters[key]

    def elsewhere(name: str) -> str | None:
        """Lead away from a name, though never to where one is already."""
        found = manual.find(name)
        at_home = found == Name(Kind.KEY, key)
        target = lead(name)
        return "" if at_home and target is not None else target

    parts = [linked(plain(entry.summary), elsewhere), facts(_facts(entry, elsewhere))]
    if entry.interacts:
        words = ", ".join(linked(f"`{other}`", elsewhere) for other in entry.interacts)
        parts.append(f"Goes together with {words}.")
    speaks = ", ".join(linked(f"`{name.id}`", elsewhere) for name in manual.about(key))
    if speaks:
        parts.append(f"Read more: {speaks}.")
    wishes = list(wishes_for(manual, key))
    if wishes:
        rows = [
            (linked(f"`{profile}`", elsewhere), what, linked(plain(why), elsewhere))
            for profile, what, why in wishes
        ]
        parts.append(table(("profile", "wants", "why"), rows))
    for named, advice in advice_for(manual, key):
        said = "; ".join(
            f"{manual.peers.publishers[name].name} {value}" for name, value in advice.says.items()
        )
        of = "" if named == key else f" for {linked(f'`{named}`', elsewhere)}"
        parts.append(f"Others recommend{of}: {plain(said)}. {linked(plain(advice.why), elsewhere)}")
    parts.append("Sources:\n\n" + bullets(plain(source) for source in entry.sources))
    return "\n\n".join(parts) + "\n"


def _facts(entry: Parameter, lead: Lead) -> Iterator[tuple[str, str]]:
    values = "; ".join(f"`{value}` {meaning}" for value, meaning in entry.values.items())
    yield "type", entry.type + (f": {values}" if values else "")
    yield "unit", entry.unit
    taken = plain(entry.accepts) if entry.accepts else ""
    yield "the kernel takes", taken or (_range(entry.range, entry) if entry.range else "")
    yield "makes sense", _range(entry.sensible, entry) if entry.sensible else ""
    yield "default", defaults(entry)
    yield "releases", lifetime(entry)
    yield "writable", "" if entry.writable else "no"
    yield "network namespaces", _namespaces(entry)
    yield "takes effect", _EFFECTS[entry.takes_effect] if entry.takes_effect else ""
    yield "a larger number", _DIRECTIONS[entry.direction] if entry.direction else ""
    yield "needs", f"the module {entry.module}" if entry.module else ""
    yield "touches", linked(plain(entry.affects), lead)
    yield "shows in", linked(plain(entry.see), lead)
    yield "replaced by", linked(f"`{entry.replaced_by}`", lead) if entry.replaced_by else ""


def _range(limits: Range, entry: Parameter) -> str:
    def number(value: int | None, otherwise: str) -> str:
        return otherwise if value is None else _LARGEST.get(value, str(value))

    if limits.times_hz:
        low, high = limits.bounds(1000)
        text = f"{low} to {high} at HZ=1000, four times that at HZ=250"
    elif (limits.min, limits.max) == (-2147483648, 2147483647):
        text = "any number of 32 bits"
    else:
        text = f"{number(limits.min, 'anything')} up to {number(limits.max, 'anything')}"
        if limits.min is not None and limits.max is not None:
            text = f"{number(limits.min, '')} to {number(limits.max, '')}"
        elif limits.max is None:
            text = f"{number(limits.min, '')} and more"
        else:
            text = f"up to {number(limits.max, '')}"
    if entry.type == "vector":
        text += ", for each number"
    return text + (f"; checked since {limits.since}" if limits.since else "")


def defaults(entry: Parameter) -> str:
    """Return the default by release, the newest first, in words."""
    found = []
    for number, default in enumerate(entry.defaults):
        text = default.computed if default.value is None else f"`{default.value or 'empty'}`"
        found.append(text if number == 0 else f"{text} since {default.since}")
    if len(found) > 1:
        found[0] += " before that"
    return "; ".join(reversed(found))


def lifetime(entry: Parameter) -> str:
    """Return in words which releases have the key, and from when on it does nothing."""
    if entry.never:
        return "no Linux ever had it"
    since = f"since {entry.since}" if entry.since else "in every release since 2.6.32"
    if entry.until:
        since = f"{entry.since} to {entry.until}" if entry.since else f"up to {entry.until}"
        since += ", then removed"
    if entry.inert_since:
        since += f"; does nothing since {entry.inert_since}"
    return since


def _namespaces(entry: Parameter) -> str:
    if entry.netns is None:
        return ""
    text = _NAMESPACES[entry.netns.child]
    if entry.netns.since and entry.netns.since != entry.since:
        text += f", since {entry.netns.since}"
        before = _BEFORE.get(entry.netns.child)
        text += f"; before, {before}" if before else ""
    return f"{text}; {entry.netns.note}" if entry.netns.note else text


def wishes_for(manual: Manual, key: Key) -> Iterator[tuple[str, str, str]]:
    """Yield profile, what it wants of the key in words, and why, where the profile itself says so.

    A profile that merely extends another one says nothing of its own.
    """
    for name, profile in manual.profiles.items():
        for found, line in profile.expectations.items():
            if _means(found, key):
                yield name, f"{_of(found, key)}{wanted(line)} ({line.severity})", line.why
        for found, alone in profile.leave_alone.items():
            if _means(found, key):
                yield name, f"{_of(found, key)}leave it alone", alone.why
        for found, bad in profile.avoid.items():
            if _means(found, key):
                yield name, f"{_of(found, key)}avoid {bad.values}", bad.why


def advice_for(manual: Manual, key: Key) -> Iterator[tuple[Key, Recommendation]]:
    """Yield what others recommend for the key, or for one of the interfaces that it stands for."""
    for found, advice in manual.peers.keys.items():
        if _means(found, key):
            yield found, advice


def _means(found: Key, key: Key) -> bool:
    """Tell whether a key is the entry's, or one that the entry's ``*`` stands for."""
    if found == key:
        return True
    parameter = describe(found) if "*" in key else None
    return parameter is not None and parameter.key == key


def _of(found: Key, key: Key) -> str:
    """Return which interface is meant, in words."""
    return "" if found == key else f"{found.split('.')[key.split('.').index('*')]}: "


def key_data(manual: Manual, key: Key) -> dict[str, Any]:
    """Return the page as JSON."""
    entry = manual.parameters[key]
    return {
        "kind": "key",
        **entry.model_dump(mode="json"),
        "rules": [name.id for name in manual.about(key) if name.kind is Kind.RULE],
        "topics": [name.id for name in manual.about(key) if name.kind is Kind.TOPIC],
        "profiles": [
            {"profile": profile, "wants": what, "why": why}
            for profile, what, why in wishes_for(manual, key)
        ],
        "others": {
            named: {manual.peers.publishers[who].name: value for who, value in advice.says.items()}
            for named, advice in advice_for(manual, key)
        },
    }
