"""What the manual knows, under which names people ask for it, and what they may have meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from tuner.policy.peers import Peers
from tuner.policy.policy import Policy
from tuner.policy.profile import Profile
from tuner.policy.resolve import resolve
from tuner.rules._rule import Rule
from tuner.sysctl.catalog import Family, Parameter, describe
from tuner.sysctl.key import Key, parse_key
from tuner.sysctl.topics import Topic

_NAME = re.compile(r"[A-Za-z][\w*-]*(?:[./][\w*-]+)*")
_SUGGESTED = 3
_CLOSE = 0.6


class Kind(StrEnum):
    """What a page is about; the docs have a folder of that name for each."""

    TOPIC = "topics"
    RULE = "rules"
    FAMILY = "keys"
    PROFILE = "profiles"
    KEY = "key"  # a part of its family's page


@dataclass(frozen=True, slots=True)
class Name:
    """One page, or one part of a family's page."""

    kind: Kind
    id: str


@dataclass(frozen=True)
class Manual:
    """Everything that pages are made of."""

    rules: Mapping[str, Rule]
    topics: Mapping[str, Topic]
    parameters: Mapping[Key, Parameter]
    families: Mapping[str, Family]
    profiles: Mapping[str, Profile]
    peers: Peers = field(default_factory=Peers)

    @cached_property
    def policies(self) -> Mapping[str, Policy]:
        """What each profile comes to with all that it extends."""
        return {name: resolve(self.profiles, [name]) for name in self.profiles}

    @cached_property
    def short(self) -> Mapping[str, tuple[Key, ...]]:
        """The keys that end in a name such as ``tcp_tw_reuse``, the likeliest first."""
        found: dict[str, list[Key]] = {}
        for key in self.parameters:
            found.setdefault(key.rpartition(".")[2], []).append(key)
        return {
            name: tuple(sorted(keys, key=lambda key: (_rank(key), key)))
            for name, keys in found.items()
        }

    def find(self, text: str) -> Name | None:
        """Return what a name in running text means: full names, and short names of keys.

        A short name of several keys means the first, as people mean IPv4 when they say nothing.
        """
        if text in self.topics:
            return Name(Kind.TOPIC, text)
        if text in self.rules:
            return Name(Kind.RULE, text)
        if text in self.profiles:
            return Name(Kind.PROFILE, text)
        if text in self.short:
            return Name(Kind.KEY, self.short[text][0])
        try:
            parameter = describe(parse_key(text))
        except ValueError:
            return None
        return None if parameter is None else Name(Kind.KEY, parameter.key)

    def ask(self, text: str) -> tuple[Name, ...]:
        """Return what a person means who asks for a page: nothing, one page, or several."""
        folder, slash, rest = text.partition("/")
        for kind, pages in self._folders().items():
            if folder == kind and slash and rest.removesuffix(".md") in pages:
                return (Name(kind, rest.removesuffix(".md")),)
        found = self.find(text.strip())
        if found is None or found.kind is not Kind.KEY:
            return (found,) if found else self._loosely(text)
        if text in self.short and len(self.short[text]) > 1:
            keys = self.short[text]
            return tuple(Name(Kind.KEY, key) for key in keys if _rank(key) == _rank(keys[0]))
        return (found,)

    def _loosely(self, text: str) -> tuple[Name, ...]:
        if text in self.families:
            return (Name(Kind.FAMILY, text),)
        named = text.strip().lower().replace("_", "-").replace(" ", "-")
        for kind, pages in self._folders().items():
            if named in pages:
                return (Name(kind, named),)
        return ()

    def _folders(self) -> Mapping[Kind, Mapping[str, object]]:
        return {
            Kind.TOPIC: self.topics,
            Kind.RULE: self.rules,
            Kind.PROFILE: self.profiles,
            Kind.FAMILY: self.families,
        }

    def suggestions(self, text: str) -> tuple[str, ...]:
        """Return names that somebody may have meant, of every kind, the closest first."""
        known = {name.lower(): name for pages in self._folders().values() for name in pages}
        known |= {name.lower(): name for name in self.short if "_" in name or "-" in name}
        known |= {key.lower(): key for key in self.parameters}
        try:
            asked = str(parse_key(text)).lower()
        except ValueError:
            asked = text.strip().lower()
        close = difflib.get_close_matches(asked, known, n=_SUGGESTED, cutoff=_CLOSE)
        if len(asked) > _SUGGESTED:
            within = [name for name in known if asked in name and name not in close]
            close += within[: _SUGGESTED - len(close) + 1]
        found = [known[name] for name in close]
        speaking = [page for page in self._speaking_of(asked) if page not in found]
        return (*found[:1], *speaking, *found[1:])[: _SUGGESTED + 1]

    def _speaking_of(self, asked: str) -> Iterator[str]:
        """Yield pages that have all the words: topics by their headings, rules by their title."""
        words = _words(asked)
        for topic in self.topics.values():
            headings = re.findall(r"^##+ .*$", topic.text, re.MULTILINE)
            if words and words <= _words(topic.id, topic.title, *headings):
                yield topic.id
        for rule in self.rules.values():
            if words and words <= _words(rule.id, rule.title):
                yield rule.id

    def mentioned(self, text: str) -> tuple[Name, ...]:
        """Return what a page names, in the order of its first mention."""
        found: dict[Name, None] = {}
        for word in _NAME.findall(text):
            name = self.find(word) if re.search(r"[_./-]", word) else None
            if name is not None:
                found.setdefault(name)
        return tuple(found)

    def about(self, key: Key) -> Iterator[Name]:
        """Yield the rules and topics that name the key."""
        for kind, texts in self._texts.items():
            for id_, names in texts.items():
                if Name(Kind.KEY, key) in names:
                    yield Name(kind, id_)

    @cached_property
    def _texts(self) -> Mapping[Kind, Mapping[str, frozenset[Name]]]:
        return {
            Kind.RULE: {
                id_: frozenset(self.mentioned(rule.doc)) for id_, rule in self.rules.items()
            },
            Kind.TOPIC: {
                id_: frozenset(self.mentioned(topic.text)) for id_, topic in self.topics.items()
            },
        }


def _words(*texts: str) -> set[str]:
    return set(re.findall(r"[a-z0-9]+", " ".join(texts).lower().replace("_", " ")))


def _rank(key: Key) -> int:
    """Return how unlikely it is that the short name of a key means this one."""
    if key.startswith(("net.ipv6.", "net.nf_")):
        return 1
    return 0 if key.startswith("net.") else 2
