"""What logs in SARIF 2.1.0 share: how a rule is described, and text that stays text."""

from __future__ import annotations

import inspect
import re
from typing import Any
from urllib.parse import quote

from tuner.policy.policy import Confidence, Severity
from tuner.report._clean import clean
from tuner.report.manual.rule import rule_page, sections
from tuner.rules._finding import Finding
from tuner.rules._rule import Rule

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
"""What a log names as its schema, where editors and readers look for it."""

_PRECISION = {
    Confidence.PROVEN: "very-high",
    Confidence.LIKELY: "high",
    Confidence.POSSIBLE: "medium",
}
_PROBLEM = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.NOTE: "recommendation",
}
_LINK = re.compile(r"\[(?=[^\]]*\]\()")
_PLACEHOLDER = re.compile(r"\{(\d+)\}")


def rule_descriptor(rule: Rule) -> dict[str, Any]:
    """Return the rule as code scanning shows it: title, reason, page, severity."""
    why = sections(rule).get("Why it is wrong", "")
    return {
        "id": rule.id,
        "name": _pascal(rule.id),
        "shortDescription": {"text": f"{rule.title}."},
        "fullDescription": {"text": " ".join(why.split()) or f"{rule.title}."},
        "help": {
            "text": inspect.cleandoc(rule.doc),
            "markdown": rule_page(rule, lambda _: None),
        },
        "defaultConfiguration": {"level": str(rule.severity)},
        "properties": {
            "kind": rule.kind,
            "confidence": rule.confidence,
            "precision": _PRECISION[rule.confidence],
            "problem.severity": _PROBLEM[rule.severity],
            "tags": ["network", "sysctl", str(rule.kind)],
        },
    }


def _pascal(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("-"))


def unknown_rule(finding: Finding) -> dict[str, Any]:
    """Describe what is reported under a name that no rule has."""
    text = f"{finding.rule.replace('-', ' ').capitalize()}."
    return {
        "id": finding.rule,
        "name": _pascal(finding.rule),
        "shortDescription": {"text": text},
        "fullDescription": {"text": text},
        "help": {"text": text, "markdown": f"{text}\n"},
        "defaultConfiguration": {"level": str(finding.severity)},
        "properties": {
            "kind": finding.kind,
            "confidence": finding.confidence,
            "precision": _PRECISION[finding.confidence],
            "problem.severity": _PROBLEM[finding.severity],
            "tags": ["network", "sysctl", str(finding.kind)],
        },
    }


def relative(path: str) -> str:
    """Return the path, below whatever root it has, as a relative URI reference."""
    parts = quote(clean(path).lstrip("/"), safe="/").split("/")
    # Dots would climb out of the root when a reader resolves them.
    return "/".join(part.replace(".", "%2E") if part in {".", ".."} else part for part in parts)


def plain(text: str) -> str:
    """Return the text with nothing left that SARIF takes for a link or a placeholder."""
    return _PLACEHOLDER.sub(r"{{\1}}", _LINK.sub(r"\\[", text))
