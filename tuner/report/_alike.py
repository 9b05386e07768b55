"""What makes two findings the same finding, so that hosts and runs can be compared.

A finding is the same on another host, and in another run, where rule, severity, key, values, wish
and the file that decides are the same. The number of the line, and numbers that a sentence
mentions, may differ: they are what one file or one moment happened to hold. A cause is wider: the
values may differ as well, and with them what the sentence says of them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import starmap

from tuner.policy.policy import Confidence
from tuner.policy.waiver import Waiver
from tuner.rules._finding import Finding, NextBoot

Identity = tuple[str | None, ...]
"""Strings in a fixed order: the same finding has the same ones, whatever tuner's types become."""

_ADDRESS = r"\d+(?:\.\d+){3}|(?<![\w:])[0-9A-Fa-f]*(?::[0-9A-Fa-f]*){2,7}(?![\w:])"
_AMOUNT = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_NUMBERS = re.compile(f"({_ADDRESS}|{_AMOUNT})")
_ID_LENGTH = 12
"""Hexadecimal digits: among 10,000 groups, two share an id with a chance of 1 in 5 million."""


def digest(identity: object) -> str:
    """Return a short id of what JSON can say."""
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:_ID_LENGTH]


def identify(finding: Finding) -> Identity:
    """Return what is the same wherever it is the same finding."""
    boot = finding.next_boot
    return (
        finding.rule,
        str(finding.severity),
        str(finding.confidence),
        finding.key,
        None if finding.live is None else str(finding.live),
        finding.wanted,
        finding.path,
        None if boot is None else str(boot.origin),
        None if boot is None or boot.value is None else str(boot.value),
        None if boot is None else boot.path,
        None if finding.fix is None else f"{finding.fix.value} {finding.fix.safe}",
        without_numbers(finding.message),
        None if finding.state is None else str(finding.state),
        without_numbers(finding.note),
        *(digest(identify(part)) for part in finding.parts),
    )


def identify_cause(finding: Finding) -> Identity:
    """Return what is the same wherever it has the same cause."""
    return (
        finding.rule,
        str(finding.severity),
        finding.key,
        without_numbers(finding.wanted),
        finding.path,
    )


def waiver_identity(waiver: Waiver) -> Identity:
    """Return what makes it the same waiver."""
    return (waiver.reason, waiver.owner, waiver.until.isoformat())


def without_numbers(text: str) -> str:
    """Return the text with every number and address as N."""
    return _NUMBERS.sub("N", text)


def merge(findings: Sequence[Finding]) -> Finding:
    """Return one finding for several that are the same: numbers that differ become ranges.

    A line number that differs becomes 0, for none.
    """
    first = findings[0]
    if all(finding is first for finding in findings):
        return first
    return replace(
        first,
        message=_merge_texts([finding.message for finding in findings]),
        line=_common([finding.line for finding in findings]),
        note=_merge_texts([finding.note for finding in findings]),
        next_boot=_merge_boots([finding.next_boot for finding in findings]),
        parts=tuple(
            merge(same) for same in zip(*(finding.parts for finding in findings), strict=True)
        ),
    )


def sum_up(findings: Sequence[Finding]) -> Finding:
    """Return one finding for several of the same cause.

    What differs is left out, but for the sentence: it is that of the most frequent kind.
    """
    kinds = Counter(without_numbers(finding.message) for finding in findings)
    kind = min(kinds, key=lambda words: (-kinds[words], words))
    told = [finding for finding in findings if without_numbers(finding.message) == kind]
    alike = len({identify(finding) for finding in findings}) == 1
    first = told[0]
    return replace(
        first,
        message=_merge_texts([finding.message for finding in told]),
        confidence=max((finding.confidence for finding in findings), key=list(Confidence).index),
        live=first.live if len({finding.live for finding in findings}) == 1 else None,
        wanted=_merge_texts([finding.wanted for finding in findings]),
        next_boot=_merge_boots([finding.next_boot for finding in findings]) if alike else None,
        line=_common([finding.line for finding in findings]),
        fix=first.fix if alike else None,
        parts=first.parts if alike else (),
        state=first.state if alike else None,
        note=_merge_texts([finding.note for finding in findings]) if alike else "",
    )


def _merge_boots(boots: Sequence[NextBoot | None]) -> NextBoot | None:
    first = boots[0]
    if first is None:
        return None
    return replace(first, line=_common([boot.line for boot in boots if boot is not None]))


def _common(lines: Sequence[int]) -> int:
    return lines[0] if len(set(lines)) == 1 else 0


def _merge_texts(texts: Sequence[str]) -> str:
    """Return what sentences that differ in numbers alone say together."""
    different = list(dict.fromkeys(texts))
    if len(different) == 1:
        return different[0]
    columns = list(zip(*(_NUMBERS.split(text) for text in different), strict=True))
    return "".join(starmap(_merge_column, enumerate(columns)))


def _merge_column(position: int, words: Sequence[str]) -> str:
    if position % 2 == 0 or len(set(words)) == 1:
        return words[0]
    if any(word.count(".") > 1 or ":" in word for word in words):
        return "several addresses"
    ordered = sorted(words, key=lambda word: float(word.replace(",", "")))
    return f"{ordered[0]} to {ordered[-1]}"
