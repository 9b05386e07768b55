"""Which remedies of a verdict a plan takes, which it leaves, and why."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tuner.plan.plan import UNSEEN, Left
from tuner.plan.spelling import decimal, is_secret, same, spellable, writable_text
from tuner.plan.trial import Trial
from tuner.policy.compliance import wanted
from tuner.policy.waiver import Waiver
from tuner.rules._check import registry
from tuner.rules._finding import Finding, Kind, Verdict
from tuner.rules._values import refused
from tuner.snapshot.snapshot import Missing, Snapshot
from tuner.sysctl.catalog import describe
from tuner.sysctl.key import Key
from tuner.sysctl.value import Value, parse_value

NO_LINE = "no such line"
"""What a finding wants whose only cure is to take a line out of a file."""


_OVERRIDDEN = "overridden-line"
_PASSES = 4
_MOST_TRIED = 8
_GROWS = (
    "tuner's file has a line for it, and counters that only grow cannot tell whether that cured "
    "it: give it a number in a profile"
)


@dataclass(frozen=True, slots=True)
class Wish:
    """The value that a key is to have. ``because``: the rules that ask for it."""

    key: Key
    value: Value
    because: tuple[str, ...]
    why: str
    safe: bool = True
    once: bool = False  # counters ask for it, and would ask for more: only a line remembers


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a plan takes up and what it leaves."""

    taken: Mapping[Key, Wish]
    left: tuple[Left, ...]


def choose(verdict: Verdict, trial: Trial, *, unsafe: bool) -> Wishes:
    """Return the remedies to take: each cures what it is for and breaks no other rule.

    Left are findings without a remedy, waived ones, unsafe ones unless asked for, and remedies that
    the host or its files cannot hold.
    """
    left = [Left(it.finding.key, it.finding.rule, _waived(it.waiver)) for it in verdict.waived]
    asked: dict[Key, list[Finding]] = {}
    for finding in verdict.single:
        if finding.wanted == NO_LINE and finding.fix is None:
            continue  # a matter of that file, not of the key
        if finding.rule == _OVERRIDDEN and finding.key in trial.own:
            continue  # that tuner's line beats another one is what it is for
        reason = _why_not(trial, finding, unsafe=unsafe)
        if reason:
            left.append(Left(finding.key, finding.rule, reason))
        elif finding.key is not None:
            asked.setdefault(finding.key, []).append(finding)
    left.extend(Left(None, it.rule, f"{UNSEEN} {it.reason}") for it in verdict.skipped)
    values = {key: _value(trial.snapshot, key, findings[0]) for key, findings in asked.items()}
    taken: dict[Key, Wish] = {}
    refusals: dict[Key, list[Left]] = {}
    for _ in range(_PASSES):  # what one key needs may turn on what another one gets
        before = dict(values)
        for key, findings in sorted(asked.items()):
            wish, refusals[key] = _settle(trial, key, findings, values, unsafe=unsafe)
            taken.pop(key, None)
            values.pop(key, None)
            if wish is not None:
                taken[key] = wish
                values[key] = wish.value
        if values == before:
            break
    left += [it for entries in refusals.values() for it in entries]
    return Wishes(taken, tuple(left))


def _waived(waiver: Waiver) -> str:
    return f"waived: {waiver.reason} ({waiver.owner}, until {waiver.until.isoformat()})"


def _why_not(trial: Trial, finding: Finding, *, unsafe: bool) -> str:
    """Return why the finding's remedy is not taken, empty where it is."""
    snapshot, key, fix = trial.snapshot, finding.key, finding.fix
    if key is None or fix is None:
        return _without_remedy(snapshot, finding)
    reading = snapshot.reading(key)
    value = _value(snapshot, key, finding)
    parameter = describe(key)
    if is_secret(key):
        return "it is a secret, which no plan may hold: write it by hand"
    if isinstance(reading, Missing):
        return f"its live value could not be seen ({reading})"
    if parameter is not None and not parameter.writable:
        return "the kernel only shows it; nobody can write it"
    if refused(key, value, snapshot.kernel):
        return f"the kernel refuses {value}"
    if not spellable(key) or not writable_text(value):
        return "no sysctl file can say it so that every loader reads the same"
    if snapshot.system.container and parameter is not None and parameter.netns is not None:
        child = parameter.netns.child
        if child != "own":
            return f"a container may not write it (in a network namespace it is {child})"
    if not fix.safe and not unsafe:
        return f"{value} may cut somebody off or lose traffic: --unsafe takes it"
    return ""


def _without_remedy(snapshot: Snapshot, finding: Finding) -> str:
    if finding.key is not None and snapshot.reading(finding.key) is Missing.ABSENT:
        parameter = describe(finding.key)
        module = parameter.module if parameter else ""
        needs = f": the module {module} is not loaded" if module else ""
        return f"the kernel has no such key here{needs}"
    instead = f"; wanted: {finding.wanted}" if finding.wanted else ""
    at = f"{finding.path}:{finding.line}: " if finding.kind is Kind.HYGIENE and finding.path else ""
    return f"{at}no remedy that tuner could choose{instead}"


def _value(snapshot: Snapshot, key: Key, finding: Finding) -> Value:
    """Return the remedy as the kernel would show it: decimal, and every number of a vector."""
    text = finding.fix.value if finding.fix is not None else ""
    value = decimal(key, parse_value(text))
    live = snapshot.reading(key)
    parameter = describe(key)
    if isinstance(live, Value) and parameter is not None and parameter.type == "vector":
        length = len(live.tokens)
        return Value((value.tokens + live.tokens[len(value.tokens) :])[:length])
    return value


def _settle(
    trial: Trial,
    key: Key,
    findings: Sequence[Finding],
    others: Mapping[Key, Value],
    *,
    unsafe: bool,
) -> tuple[Wish | None, list[Left]]:
    """Return the first remedy of a key that leaves no rule with another one, or why none does.

    What is live comes first: a finding may be about the next boot alone. Rules whose remedy the
    policy does not take have no say. A rule that asks for more because of counters, which only
    grow, would ask for ever: it is heard once, and not where tuner's file has a line already.
    """
    left: list[Left] = []
    known = key in trial.own
    if known:
        left = [Left(key, it.rule, _GROWS) for it in findings if is_pressing(it.rule)]
        findings = [it for it in findings if not is_pressing(it.rule)]
    asking = {it.rule for it in findings}
    live = trial.snapshot.reading(key)
    if isinstance(live, Value) and _suits(trial, key, live, asking, others):
        wish, more = _wish(trial, key, findings, (live, True), ())
        return wish, left + more
    tried: list[tuple[Value, str]] = []
    queue = list(_offers(trial.snapshot, key, findings))
    while queue and len(tried) < _MOST_TRIED:
        value, safe, pressing = queue.pop(0)
        if any(same(value, it) for it, _ in tried):
            continue
        if not trial.complies(key, value):
            tried.append((value, f"the policy wants {_wanted(trial, key)}"))
            continue
        objections = trial.objections(key, value, others)
        against = [
            (offer, it.rule)
            for it in objections
            if it.rule in asking or not is_pressing(it.rule)
            for offer in _offers(trial.snapshot, key, [it])
            if (offer[1] or unsafe) and trial.complies(key, offer[0])
        ]
        once = bool(against) and pressing and all(is_pressing(rule) for _, rule in against)
        if once and trial.snapshot.files is None:
            tried.append((value, "without the host's files nobody knows whether it was raised"))
        elif once or not against:
            unheard = {it.rule for it in objections if not is_pressing(it.rule)}
            wish, more = _wish(trial, key, findings, (value, safe), unheard)
            return replace(wish, once=once), left + more
        else:
            tried.append((value, f"{against[0][1]} would then ask for another"))
            queue.extend(offer for offer, _ in against)
    said = "; ".join(f"{value} does not do: {reason}" for value, reason in tried)
    return None, left + [Left(key, finding.rule, said) for finding in findings]


def _suits(
    trial: Trial, key: Key, live: Value, asking: Collection[str], others: Mapping[Key, Value]
) -> bool:
    """Tell whether the live value will do: once the others are changed, nobody objects to it."""
    if not trial.complies(key, live) or refused(key, live, trial.snapshot.kernel):
        return False
    if not writable_text(live) or any(rule not in registry() for rule in asking):
        return False
    return all(
        is_pressing(it.rule) and it.rule not in asking for it in trial.objections(key, live, others)
    )


def is_pressing(rule: str) -> bool:
    """Tell whether a rule rests on the kernel's counters, which a remedy does not take back."""
    known = registry().get(rule)
    return known is not None and known.kind is Kind.PRESSURE


def _wish(
    trial: Trial,
    key: Key,
    findings: Sequence[Finding],
    chosen: tuple[Value, bool],
    unheard: Container[str],
) -> tuple[Wish, list[Left]]:
    """Return the wish for the chosen value, and the findings that it does not cure."""
    value, safe = chosen
    content = [it.rule for it in findings if it.rule not in unheard]
    because = tuple(dict.fromkeys(content)) or tuple(dict.fromkeys(it.rule for it in findings))
    left = [
        Left(key, it.rule, f"{it.fix.value} does not do: the policy wants {_wanted(trial, key)}")
        for it in findings
        if it.rule not in because and it.fix is not None
    ]
    return Wish(key, value, because, explain(trial, key, because), safe), left


def _offers(
    snapshot: Snapshot, key: Key, findings: Sequence[Finding]
) -> Iterator[tuple[Value, bool, bool]]:
    """Yield each remedy, whether it is safe, and whether counters ask for it."""
    for finding in findings:
        if finding.fix is not None:
            yield _value(snapshot, key, finding), finding.fix.safe, is_pressing(finding.rule)


def _wanted(trial: Trial, key: Key) -> str:
    expectation = trial.policy.expectations[key]
    words = wanted(expectation, memory=trial.snapshot.system.memory)
    return f"{words} ({expectation.origin})" if expectation.origin else words


def explain(trial: Trial, key: Key, because: Sequence[str]) -> str:
    """Return the one sentence that says why, the same for every host.

    The policy's own reason where it has an opinion, else what the first rule calls the mistake.
    """
    expectation = trial.policy.expectations.get(key)
    if expectation is not None:
        return " ".join(expectation.why.split())
    rules = registry()
    titles = [rules[rule].title for rule in because if rule in rules]
    if not titles:
        return ""
    first, blank, rest = titles[0].partition(" ")
    article = first in {"A", "An", "The", "There", "Two", "Somebody"}
    return f"Without it {first.lower() if article else first}{blank}{rest}."


def without_echo(left: Sequence[Left]) -> tuple[Left, ...]:
    """Return the entries once each, those about keys first, sorted."""
    unique = dict.fromkeys(replace(it, reason=" ".join(it.reason.split())) for it in left)
    return tuple(sorted(unique, key=lambda it: (it.key is None, it.key or "", it.rule, it.reason)))
