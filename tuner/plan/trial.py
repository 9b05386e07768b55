"""What the rules would say of the host if a key had another value.

A remedy is taken only if it cures: the host is judged again with the remedy in force. In the same
way a line of tuner's own file is known to be needed: without it, some rule would ask for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from tuner.lazy import lazy
from tuner.plan.own import FOLDER, own_drop_ins, own_lines, without_own
from tuner.plan.place import View, views
from tuner.plan.spelling import same, spell
from tuner.policy.compliance import complies
from tuner.policy.policy import Policy
from tuner.rules._boot import next_boot
from tuner.rules._check import check, registry
from tuner.rules._finding import Finding, Kind, NextBoot, Origin
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.catalog import mainline_default
from tuner.sysctl.files import Entry, Setting
from tuner.sysctl.key import Key
from tuner.sysctl.value import Value, parse_value

_STRONG = f"{FOLDER}/zzzz-tuner.conf"


@dataclass(frozen=True, slots=True)
class Standing:
    """What boot gives a key without tuner, whether that will do, and which ways of loading fail."""

    there: NextBoot
    good: bool
    lacking: tuple[str, ...]  # words of the views that end with a value that will not do


@dataclass(frozen=True)
class Trial:
    """A host, its policy, and the (rule, key) pairs that are waived."""

    snapshot: Snapshot
    policy: Policy
    waived: frozenset[tuple[str, Key | None]] = frozenset()

    def complies(self, key: Key, value: Value) -> bool:
        """Tell whether the policy takes the value; True where it has no opinion."""
        expectation = self.policy.expectations.get(key)
        if expectation is None:
            return True
        default = mainline_default(key, self.snapshot.kernel)
        memory = self.snapshot.system.memory
        return complies(expectation, value, default=default, memory=memory) is True

    def objections(self, key: Key, value: Value, others: Mapping[Key, Value]) -> list[Finding]:
        """Return the findings that would ask for another value of the key, the waived left out.

        Args:
            key: the setting in question.
            value: what it has then, live and after a boot.
            others: what else is changed.
        """
        changed = {**others, key: value}
        return self._asking(_supposed(self.snapshot, changed, changed), key, value)

    def default_objections(
        self, key: Key, value: Value, others: Mapping[Key, Value]
    ) -> list[Finding]:
        """Return the same where tuner's file does not set the key, and boot gives the value."""
        lines = {name: it for name, it in others.items() if name != key}
        return self._asking(_supposed(self.snapshot, {**others, key: value}, lines), key, value)

    def _asking(self, state: Snapshot, key: Key, value: Value) -> list[Finding]:
        return [
            finding
            for finding in check(state, self.policy, _telling()).single
            if finding.key == key
            and finding.fix is not None
            and (finding.rule, key) not in self.waived
            and not same(parse_value(finding.fix.value), value)
        ]

    def standing(self, key: Key, others: Mapping[Key, Value]) -> Standing:
        """Return how the key stands without tuner's file, by boot and by what people type."""
        there = next_boot(self.base, key)
        lacking = []
        for view in self._views:
            decision = view.boot.decisions.get(key)
            if view is self._views[0]:
                good = self._is_good(key, there, others)
            else:
                good = decision is None or self._does(key, decision.value, others)
            if not good:
                lacking.append(view.words)
        good = self._is_good(key, there, others)
        return Standing(there, good, tuple(lacking))

    def asking_without(self, key: Key, others: Mapping[Key, Value]) -> tuple[str, ...]:
        """Return the rules that would ask for the key, had tuner's file no line for it."""
        there = next_boot(self.base, key).value
        if there is None:
            return ()
        against = self.default_objections(key, there, others)
        return tuple(dict.fromkeys(finding.rule for finding in against))

    @lazy
    def own(self) -> Mapping[Key, Setting]:
        """The lines of tuner's own file."""
        return own_lines(own_drop_ins(self.snapshot))

    @lazy
    def base(self) -> Snapshot:
        """The host without tuner's file."""
        return without_own(self.snapshot)

    @lazy
    def _views(self) -> tuple[View, ...]:
        return views(self.base)

    @property
    def ways(self) -> tuple[str, ...]:
        """The words of every way of loading the host's files."""
        return tuple(view.words for view in self._views)

    def _is_good(self, key: Key, there: NextBoot, others: Mapping[Key, Value]) -> bool:
        """Tell whether nobody would ask for anything else than what boot gives."""
        if there.origin is Origin.UNSET and key not in self.policy.expectations:
            return True  # the kernel's own default, which no rule calls a mistake
        return there.value is not None and self._does(key, there.value, others)

    def _does(self, key: Key, value: Value, others: Mapping[Key, Value]) -> bool:
        return self.complies(key, value) and not self.default_objections(key, value, others)


def _supposed(
    snapshot: Snapshot, live: Mapping[Key, Value], lines: Mapping[Key, Value]
) -> Snapshot:
    """Return the host with these live values, and these lines in place of tuner's own file."""
    base = without_own(snapshot)
    shown = {**base.live, **{key: str(value) for key, value in live.items()}}
    if base.files is None:
        return replace(base, live=shown)
    text = "".join(f"{spell(key)} = {value}\n" for key, value in lines.items())
    return replace(base, live=shown, files=(*base.files, Entry(_STRONG, content=text.encode())))


@cache
def _telling() -> tuple[Rule, ...]:
    """Return the rules that judge values by themselves, whatever the policy."""
    return tuple(
        rule for rule in registry().values() if rule.kind in {Kind.MYTH, Kind.HAZARD, Kind.PRESSURE}
    )
