"""The registry and the loop: one snapshot against all rules, one verdict out."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from functools import cache, partial

import tuner.rules
import tuner.rules.hygiene
from tuner.errors import Unreadable
from tuner.policy.compliance import complies
from tuner.policy.policy import Policy, Severity
from tuner.policy.waiver import Waiver
from tuner.rules._boot import next_boot
from tuner.rules._finding import Finding, Kind, Skipped, Verdict, Waived
from tuner.rules._recall import RecallAll
from tuner.rules._rule import Rule
from tuner.rules._state import key_state
from tuner.rules._unseen import remedy
from tuner.rules.expired_waiver import expired
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key
from tuner.sysctl.value import parse_value

_TELLING = (Kind.MYTH, Kind.HAZARD, Kind.PRESSURE)
"""Kinds that judge a value; the later ones know more of this host."""

_COPY = "copied-sysctl-conf"
_DEAD = frozenset({"removed-key", "inert-key"})
_WORTH_SUMMING_UP = 4
_NAMED = 8


@cache
def registry() -> Mapping[str, Rule]:
    """Return every rule by its id, sorted: the files of this room that have no underscore."""
    rules = [
        importlib.import_module(f"{package.__name__}.{module.name}").RULE
        for package in (tuner.rules, tuner.rules.hygiene)
        for module in pkgutil.iter_modules(package.__path__)
        if not module.name.startswith("_") and not module.ispkg
    ]
    return {rule.id: rule for rule in sorted(rules, key=lambda rule: rule.id)}


def lint_rules() -> tuple[Rule, ...]:
    """Return the rules that have something to say of settings files alone, sorted by id."""
    kinds = (Kind.MYTH, Kind.HAZARD)
    return tuple(
        rule
        for rule in registry().values()
        if rule.files or rule.kind in kinds or rule.id in {"drift", "inert-key"}
    )


def check(
    snapshot: Snapshot,
    policy: Policy,
    rules: Iterable[Rule],
    *,
    waivers: Iterable[Waiver] = (),
    today: date | None = None,
) -> Verdict:
    """Return what the rules say of the snapshot.

    A waiver whose day has passed covers nothing, and is a finding of its own beside what it would
    cover. ``today`` None: waivers never expire, which only tests want.
    """
    findings: list[Finding] = []
    skipped: list[Skipped] = []
    for told in _recall(tuple(rules))(snapshot, policy):
        if told is not None:
            findings += told[0]
            skipped += told[1]
    findings = sorted(_without_echoes(findings, policy), key=_order)
    waivers = tuple(waivers)
    valid = [waiver for waiver in waivers if today is None or waiver.until >= today]
    kept: list[Finding] = []
    waived: list[Waived] = []
    for finding in findings:
        waiver = next((w for w in valid if w.covers(finding.rule, finding.key)), None)
        if waiver is None:
            kept.append(finding)
        else:
            waived.append(Waived(finding, waiver))
    if today is not None:
        kept.extend(
            _located(snapshot, policy, finding) for finding in expired(waivers, kept, today)
        )
    kept = sorted(_gathered(kept), key=_order)
    return Verdict(tuple(kept), tuple(waived), tuple(sorted(skipped, key=lambda s: s.rule)))


_Told = tuple[tuple[Finding, ...], tuple[Skipped, ...]]
_RECALLS: dict[tuple[int, ...], tuple[tuple[Rule, ...], RecallAll[_Told | None]]] = {}
_MOST_RECALLS = 16


def _recall(rules: tuple[Rule, ...]) -> RecallAll[_Told | None]:
    """Return what rules said of other hosts; the rules are kept, so that their id stays theirs."""
    ids = tuple(map(id, rules))
    known = _RECALLS.get(ids)
    if known is None:
        if len(_RECALLS) >= _MOST_RECALLS:
            _RECALLS.clear()
        known = _RECALLS[ids] = (rules, RecallAll(partial(_ask, rule) for rule in rules))
    return known[1]


def _ask(rule: Rule, snapshot: Snapshot, policy: Policy) -> _Told | None:
    """Return what a rule finds and what it could not see; None where it has nothing to say."""
    findings: list[Finding] = []
    skipped: tuple[Skipped, ...] = ()
    try:
        # One at a time: what a rule found before it met something unreadable stands.
        for finding in rule.check(snapshot, policy):
            findings.append(_located(snapshot, policy, finding))  # noqa: PERF401
    except Unreadable as missing:
        skipped = (Skipped(rule.id, missing.message, remedy(snapshot, missing.message)),)
    return (tuple(findings), skipped) if findings or skipped else None


def _gathered(findings: list[Finding]) -> list[Finding]:
    """Return the findings with those about a copied file put into the one that says so.

    What breaks something remains by itself. Where little is left to sum up, each speaks for
    itself, and the copy is not mentioned.
    """
    taken: set[int] = set()
    bundles = []
    for copy in findings:
        if copy.rule != _COPY:
            continue
        parts = [
            finding
            for finding in findings
            if finding.path == copy.path
            and (finding.kind in _TELLING or finding.rule in _DEAD)
            and finding.rule != _COPY
            and finding.severity < Severity.ERROR
        ]
        if len(parts) < _WORTH_SUMMING_UP:
            continue
        taken |= {id(part) for part in parts}
        names = list(dict.fromkeys(f"{(p.key or '').rpartition('.')[2]} ({p.rule})" for p in parts))
        more = len(names) - _NAMED
        listed = ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
        bundles.append(
            replace(
                copy,
                severity=max(part.severity for part in parts),
                message=f"{copy.message} On this host: {listed}.",
                parts=tuple(parts),
            )
        )
    return [
        finding for finding in findings if finding.rule != _COPY and id(finding) not in taken
    ] + bundles


def _located(snapshot: Snapshot, policy: Policy, finding: Finding) -> Finding:
    """Return the finding with live value, next boot, deciding line and state filled in."""
    if finding.key is None:
        return finding
    boot = next_boot(snapshot, finding.key)
    expectation = policy.expectations.get(finding.key)
    state = key_state(snapshot, expectation) if expectation is not None else None
    return replace(
        finding,
        state=state.state if state is not None else None,
        note=state.note if state is not None else "",
        live=snapshot.reading(finding.key),
        next_boot=boot,
        path=finding.path or boot.path,
        line=finding.line or boot.line,
    )


def _without_echoes(findings: list[Finding], policy: Policy) -> list[Finding]:
    """Return the findings without those that a more telling one on the same key explains.

    A cause is reported once. Of the rules that judge a key's value, by myth, hazard or pressure,
    the one with the gravest finding speaks, and its cure mends what the others saw. Where such a
    rule condemns the value, "the policy wants another value" adds nothing but its wish and its
    severity; the cure is the rule's where it satisfies the policy. Since every finding carries what
    the next boot gives its key, "the next boot gives another value" adds nothing beside a finding
    at least as severe.
    """
    wishes = {finding.key: finding for finding in findings if finding.kind is Kind.POLICY}
    speaker: dict[Key, Finding] = {}
    for finding in findings:
        if finding.kind in _TELLING and finding.key is not None:
            best = speaker.get(finding.key)
            if best is None or _weight(finding) > _weight(best):
                speaker[finding.key] = finding
    heard = [
        finding
        for finding in findings
        if finding.kind not in _TELLING
        or finding.key is None
        or speaker[finding.key].rule == finding.rule
    ]
    merged: list[Finding] = []
    for finding in heard:
        best = speaker.get(finding.key) if finding.key is not None else None
        wish = wishes.get(finding.key)
        if best is not None and wish is not None:
            if finding is wish:
                continue
            if finding is best:
                severity = max(finding.severity, wish.severity)
                fix = finding.fix if _satisfies(policy, finding) else wish.fix or finding.fix
                finding = replace(finding, severity=severity, wanted=wish.wanted, fix=fix)  # noqa: PLW2901
        merged.append(finding)
    known: dict[Key, Severity] = {}
    for finding in merged:
        if finding.key is not None and finding.kind in {*_TELLING, Kind.POLICY}:
            known[finding.key] = max(finding.severity, known.get(finding.key, Severity.NOTE))
    return [
        finding
        for finding in merged
        if finding.rule != "boot-drift"
        or finding.key not in known
        or known[finding.key] < finding.severity
    ]


def _weight(finding: Finding) -> tuple[int, bool, int]:
    """Return what decides which of several findings on one key speaks."""
    return (finding.severity, finding.fix is not None, _TELLING.index(finding.kind))


def _satisfies(policy: Policy, finding: Finding) -> bool:
    """Tell whether a finding's own cure is what the policy wants as well."""
    if finding.key is None or finding.fix is None:
        return False
    expectation = policy.expectations[finding.key]
    value = parse_value(finding.fix.value)
    return complies(expectation, value, default=None, memory=0) is True


def _order(finding: Finding) -> tuple[int, str, str, str, int]:
    """Return what findings are sorted by: the worst first, then by name and place."""
    return (-finding.severity, finding.rule, finding.key or "", finding.path, finding.line)
