"""What was found in settings files as SARIF 2.1.0, so that code scanning shows it in the diff.

A place is the file and line as they are in the folder where tuner ran, which in a pull request is
the checkout. ``primaryLocationLineHash`` is left to GitHub's upload action: it computes that from
the files themselves, and warns of every one that differs.
"""

from __future__ import annotations

import json
import os
import posixpath
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from tuner.report._alike import digest
from tuner.report._clean import clean
from tuner.report._sarif import SCHEMA, plain, rule_descriptor, unknown_rule
from tuner.report._words import LONGEST, message
from tuner.report.lint import LintReport
from tuner.rules._finding import Finding
from tuner.rules._rule import Rule

_BASE = "%SRCROOT%"
_BASES = {_BASE: {"description": {"text": "The folder where tuner ran."}}}


def render_lint_sarif(
    report: LintReport, rules: Mapping[str, Rule], *, exit_code: int, folder: str
) -> Iterator[str]:
    """Yield the log in pieces.

    Args:
        report: what was found.
        rules: every rule by its id; each is described, found or not.
        exit_code: what the run ends with.
        folder: the absolute path that relative ones start from.
    """
    rows = [(finding, "") for finding in report.findings]
    rows += [(each.finding, each.reason) for each in report.suppressed]
    known = {name: rule_descriptor(rule) for name, rule in rules.items()}
    for finding, _ in rows:
        known.setdefault(finding.rule, unknown_rule(finding))
    index = {name: number for number, name in enumerate(known)}
    driver = {
        "name": "tuner",
        "semanticVersion": report.version,
        "version": report.version,
        "rules": list(known.values()),
    }
    invocation = {"executionSuccessful": True, "exitCode": exit_code}
    yield f'{{"$schema": {json.dumps(SCHEMA)}, "version": "2.1.0",\n'
    yield f'"runs": [{{"tool": {{"driver": {json.dumps(driver)}}},\n'
    yield f'"automationDetails": {json.dumps({"id": "tuner-lint/"})},\n'
    yield f'"originalUriBaseIds": {json.dumps(_BASES)},\n'
    yield '"columnKind": "unicodeCodePoints",\n'
    yield f'"invocations": [{json.dumps(invocation)}],\n'
    yield '"results": ['
    lines = _Lines(report.sources)
    seen: Counter[str] = Counter()
    for number, (finding, reason) in enumerate(rows):
        line = lines.of(finding)
        row = _result(finding, index[finding.rule], line, folder)
        mark = digest((finding.rule, finding.path, finding.key, line.decode(errors="replace")))
        seen[mark] += 1
        row["partialFingerprints"] = {"tunerLine/v1": f"{mark}:{seen[mark]}"}
        if reason:
            justification = plain(clean(reason, longest=LONGEST))
            row["suppressions"] = [{"kind": "inSource", "justification": justification}]
        yield ("," if number else "") + "\n" + json.dumps(row)
    yield "]}]}\n"


class _Lines:
    """The lines of the files that something was found in, each file split once."""

    def __init__(self, sources: Mapping[str, bytes]) -> None:
        self._sources = sources
        self._split: dict[str, list[bytes]] = {}

    def of(self, finding: Finding) -> bytes:
        """Return the line that a finding is about, empty where it is about none."""
        if finding.path not in self._split:
            self._split[finding.path] = self._sources.get(finding.path, b"").split(b"\n")
        lines = self._split[finding.path]
        return lines[finding.line - 1] if 0 < finding.line <= len(lines) else b""


def _result(finding: Finding, index: int, line: bytes, folder: str) -> dict[str, Any]:
    said = message(finding)
    if finding.wanted:
        said += f" Instead: {clean(finding.wanted, longest=LONGEST)}"
    region: dict[str, Any] = {"startLine": finding.line or 1}
    if finding.column:
        # The finding counts bytes; a character that is no UTF-8 is one of each.
        before = line[: finding.column - 1].decode(errors="surrogateescape")
        region["startColumn"] = len(before) + 1
    if line:
        text = line.decode(errors="replace").rstrip("\r")
        region["snippet"] = {"text": clean(text.replace("\t", " "), longest=LONGEST)}
    return {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": str(finding.severity),
        "message": {"text": plain(said)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": _artifact(finding.path, folder),
                    "region": region,
                }
            }
        ],
        "properties": {
            "kind": finding.kind,
            "confidence": finding.confidence,
            "key": clean(finding.key) if finding.key else None,
        },
    }


def _artifact(path: str, folder: str) -> dict[str, str]:
    """Return the path from the folder, or its whole where it is outside."""
    whole = posixpath.normpath(posixpath.join(folder, path))
    inside = whole.removeprefix(folder.rstrip("/") + "/")
    if inside != whole:
        return {"uri": quote(os.fsencode(inside)), "uriBaseId": _BASE}
    return {"uri": "file://" + quote(os.fsencode("/" + whole.lstrip("/")))}
