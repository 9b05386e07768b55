"""Where a plan goes: which values are to be live, and which lines tuner's file is to have.

A line is there because the host needs it: without it, boot gives a value that the policy or a rule
objects to. What boot gives anyway is left to whoever gives it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from tuner.plan.own import own_drop_ins, rules_of
from tuner.plan.plan import Left
from tuner.plan.render import Line, plain
from tuner.plan.spelling import decimal, is_secret, same, spellable, writable_text
from tuner.plan.trial import Trial
from tuner.plan.wishes import Wish, explain, is_pressing
from tuner.rules._finding import NextBoot, Origin
from tuner.rules._values import refused
from tuner.snapshot.snapshot import Missing
from tuner.sysctl.catalog import describe
from tuner.sysctl.files import Setting
from tuner.sysctl.key import Key
from tuner.sysctl.value import Value, parse_value

_HARMLESS = ("net.ipv4.tcp_", "net.core.")
"""Settings of new connections and queues; to let go of others may move routes or traffic."""


@dataclass(frozen=True, slots=True)
class Goal:
    """Live values by key, the lines of tuner's file, and what is left and why.

    ``needs``: in which views a line is needed; one that loses in all of them is of no use.
    """

    live: Mapping[Key, Value]
    lines: Mapping[Key, Line]
    needs: Mapping[Key, tuple[str, ...]]
    left: tuple[Left, ...]


def aim(
    trial: Trial, taken: Mapping[Key, Wish], *, unsafe: bool, spoiled: Collection[Key] = ()
) -> Goal:
    """Return the goal that the taken remedies and tuner's own earlier lines make together.

    ``spoiled``: keys that the kernel sets to something else when it takes one of the lines, and
    that need a line for this alone.
    """
    return _Aim(trial, taken, unsafe=unsafe, spoiled=spoiled).goal()


class _Aim:
    """One pass over the keys; each decision counts for those that follow."""

    def __init__(
        self, trial: Trial, taken: Mapping[Key, Wish], *, unsafe: bool, spoiled: Collection[Key]
    ) -> None:
        self._trial = trial
        self._taken = taken
        self._unsafe = unsafe
        self._spoiled = spoiled
        self._own = trial.own
        self._rules = {
            key: rules
            for drop_in in own_drop_ins(trial.snapshot)
            for key, rules in rules_of(drop_in).items()
        }
        self._others = {
            **{key: _own_value(setting) for key, setting in self._own.items()},
            **{key: wish.value for key, wish in taken.items()},
        }
        self._live = {key: wish.value for key, wish in taken.items()}
        self._lines: dict[Key, Line] = {}
        self._needs: dict[Key, tuple[str, ...]] = {}
        self._left: list[Left] = []

    def goal(self) -> Goal:
        for key in sorted({*self._own, *self._taken}):
            if key in self._own:
                self._keep_or_drop(key, self._own[key])
            else:
                self._add(self._taken[key])
        return Goal(self._live, self._lines, self._needs, tuple(self._left))

    def _add(self, wish: Wish) -> None:
        """Add a line, unless every way of loading gives a good value without it."""
        standing = self._trial.standing(wish.key, self._others)
        value = wish.value
        if wish.once:
            self._lines[wish.key] = Line(wish.key, value, wish.because, wish.why)
            self._needs[wish.key] = self._trial.ways
            return
        good = standing.good and wish.key not in self._spoiled
        if good and same(value, self._now(wish.key)):
            del self._live[wish.key]  # what is live will do as well as what boot gives
        elif good:
            self._leave_to(wish.key, standing.there)
            value = standing.there.value or value
        if not good or standing.lacking:
            self._lines[wish.key] = Line(wish.key, value, wish.because, wish.why)
            self._needs[wish.key] = standing.lacking

    def _now(self, key: Key) -> Value | None:
        reading = self._trial.snapshot.reading(key)
        return reading if isinstance(reading, Value) else None

    def _leave_to(self, key: Key, there: NextBoot) -> None:
        """Let the key have live what boot gives it."""
        if there.value is None:
            return
        self._others[key] = there.value
        if key in self._live:
            self._live[key] = there.value

    def _keep_or_drop(self, key: Key, setting: Setting) -> None:
        """Decide on a line that an earlier plan wrote."""
        trial, wish, value = self._trial, self._taken.get(key), _own_value(setting)
        parameter = describe(key)
        reading = trial.snapshot.reading(key)
        kernel = trial.snapshot.kernel
        gone = parameter is not None and not parameter.present_in(kernel)
        if reading is Missing.ABSENT and gone:
            self._left.append(Left(key, "", f"Linux {kernel} has no such key: tuner's line goes"))
            return
        if not spellable(key) or not writable_text(value) or refused(key, value, kernel):
            self._left.append(Left(key, "", f"tuner's line goes: no loader could set {value}"))
            if wish is not None:
                self._add(wish)
            return
        if is_secret(key):
            self._left.append(Left(key, "", "tuner's line goes: a plan may hold no secret"))
            return
        # What counters once asked for is still wanted when a reboot has set them to 0.
        pressing = any(map(is_pressing, self._rules.get(key, ())))
        asked = pressing or key in trial.policy.expectations or isinstance(reading, Missing)
        standing = trial.standing(key, self._others)
        idle = standing.good and not standing.lacking and key not in self._spoiled
        if not asked and idle and (wish is not None or self._may_go(key, value, standing.there)):
            self._leave_to(key, standing.there)
            self._left.append(Left(key, "", _let_go(trial, key, value, standing.there)))
            return
        if not isinstance(reading, Missing):  # a key that is not there now is set when it comes
            self._needs[key] = trial.ways if pressing else standing.lacking
        if wish is not None and not self._good(key, value):
            value = wish.value
        elif wish is not None:
            self._live[key] = value
        self._others[key] = value
        self._lines[key] = self._line(key, value, setting)

    def _may_go(self, key: Key, value: Value, there: NextBoot) -> bool:
        """Tell whether the line may be dropped; where that may hurt, only if asked for."""
        if self._unsafe or key.startswith(_HARMLESS) or same(there.value, value):
            return True
        reason = "nothing asks for tuner's line any more: --unsafe drops it"
        self._left.append(Left(key, "", reason))
        return False

    def _good(self, key: Key, value: Value) -> bool:
        trial = self._trial
        against = trial.objections(key, value, self._others)
        return trial.complies(key, value) and all(is_pressing(it.rule) for it in against)

    def _line(self, key: Key, value: Value, setting: Setting) -> Line:
        """Return a line that stays, with the reason for which it would be written today."""
        trial, wish = self._trial, self._taken.get(key)
        if wish is not None:
            return Line(key, value, wish.because, wish.why)
        because: tuple[str, ...]
        if any(map(is_pressing, self._rules.get(key, ()))):
            because = self._rules[key]
        elif key in trial.policy.expectations:
            because = ("drift",)
        else:
            because = trial.asking_without(key, self._others)
        why = explain(trial, key, because)
        if not because or not why:
            return Line(key, value, (), plain(setting.note))
        return Line(key, value, because, why)


def _own_value(setting: Setting) -> Value:
    return decimal(setting.key, parse_value(setting.effective or ""))


def _let_go(trial: Trial, key: Key, value: Value, there: NextBoot) -> str:
    """Return what becomes of a key that tuner lets go of."""
    reading = trial.snapshot.reading(key)
    if there.origin is Origin.FILE:
        then = f"the next boot gives {there.value} ({there.path}:{there.line})"
    elif there.value is not None:
        then = f"the next boot gives the kernel's default, {there.value}"
    else:
        then = "the next boot gives the kernel's default"
    stays = "" if same(there.value, value) else f"; {reading} stays live until then"
    return f"nothing asks for it any more: tuner's line goes, and {then}{stays}"
