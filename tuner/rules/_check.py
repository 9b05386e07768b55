"""The registry and the loop: one snapshot against all rules, one verdict out."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from functools import cache

import tuner.rules
from tuner.errors import Unreadable
from tuner.policy.policy import Policy
from tuner.policy.waiver import Waiver
from tuner.rules._finding import Finding, Kind, NextBoot, Origin, Skipped, Verdict, Waived
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.catalog import describe
from tuner.sysctl.key import Key


@cache
def registry() -> Mapping[str, Rule]:
    """Return every rule by its id, sorted: the files of this room that have no underscore."""
    names = sorted(module.name for module in pkgutil.iter_modules(tuner.rules.__path__))
    rules = [
        importlib.import_module(f"tuner.rules.{name}").RULE
        for name in names
        if not name.startswith("_")
    ]
    return {rule.id: rule for rule in sorted(rules, key=lambda rule: rule.id)}


def next_boot(snapshot: Snapshot, key: Key) -> NextBoot:
    """Return what the next boot gives the key, as far as the snapshot can tell."""
    if snapshot.boot is None:
        return NextBoot(Origin.UNKNOWN)
    decision = snapshot.boot.decisions.get(key)
    if decision is not None:
        setting = decision.setting
        return NextBoot(Origin.FILE, decision.value, setting.path, setting.line)
    parameter = describe(key)
    default = parameter.default(snapshot.kernel) if parameter else None
    return NextBoot(Origin.DEFAULT, default) if default else NextBoot(Origin.UNSET)


def check(
    snapshot: Snapshot,
    policy: Policy,
    rules: Iterable[Rule],
    *,
    waivers: Iterable[Waiver] = (),
    today: date | None = None,
) -> Verdict:
    """Return what the rules say of the snapshot.

    A waiver whose day has passed covers nothing. ``today`` None: waivers never expire, which only
    tests want.
    """
    findings: list[Finding] = []
    skipped: list[Skipped] = []
    for rule in rules:
        try:
            findings.extend(_located(snapshot, finding) for finding in rule.check(snapshot, policy))
        except Unreadable as missing:
            skipped.append(Skipped(rule.id, missing.message))
    findings = sorted(_without_echoes(findings), key=_order)
    valid = [waiver for waiver in waivers if today is None or waiver.until >= today]
    kept: list[Finding] = []
    waived: list[Waived] = []
    for finding in findings:
        waiver = next((w for w in valid if w.covers(finding.rule, finding.key)), None)
        if waiver is None:
            kept.append(finding)
        else:
            waived.append(Waived(finding, waiver))
    return Verdict(tuple(kept), tuple(waived), tuple(sorted(skipped, key=lambda s: s.rule)))


def _located(snapshot: Snapshot, finding: Finding) -> Finding:
    """Return the finding with live value, next boot and deciding line filled in."""
    if finding.key is None:
        return finding
    boot = next_boot(snapshot, finding.key)
    return replace(
        finding,
        live=snapshot.reading(finding.key),
        next_boot=boot,
        path=finding.path or boot.path,
        line=finding.line or boot.line,
    )


def _without_echoes(findings: list[Finding]) -> list[Finding]:
    """Return the findings without policy findings that a more telling rule explains.

    A cause is reported once: where a myth or hazard rule condemns the live value of a key, "the
    policy wants another value" adds nothing but its wish and its severity.
    """
    telling = {
        finding.key
        for finding in findings
        if finding.kind in {Kind.MYTH, Kind.HAZARD} and finding.fix is not None
    }
    echoes = {
        finding.key: finding
        for finding in findings
        if finding.kind is Kind.POLICY and finding.key in telling
    }
    merged = []
    for finding in findings:
        echo = echoes.get(finding.key)
        if echo is None or finding.kind not in {Kind.MYTH, Kind.HAZARD}:
            if finding is not echo:
                merged.append(finding)
        elif finding.fix is None:
            merged.append(finding)
        else:
            merged.append(
                replace(
                    finding,
                    severity=max(finding.severity, echo.severity),
                    wanted=echo.wanted,
                )
            )
    return merged


def _order(finding: Finding) -> tuple[int, str, str, str, int]:
    """Return what findings are sorted by: the worst first, then by name and place."""
    return (-finding.severity, finding.rule, finding.key or "", finding.path, finding.line)
