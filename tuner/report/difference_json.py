"""What moved between two reports, for machines; its shape is ``schema/difference-1.json``."""

from __future__ import annotations

import json
from typing import Any

from tuner.compare.difference import Difference, Moved
from tuner.compare.past import PastFinding

SCHEMA_VERSION = 1


def render_difference_json(difference: Difference, *, version: str, exit_code: int) -> str:
    """Return the whole document, also where nothing moved."""
    old, new = difference.old, difference.new
    document = {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "tuner", "version": version},
        "old": {"file": old.file, "started": old.started, "hosts": len(old.hosts)},
        "new": {"file": new.file, "started": new.started, "hosts": len(new.hosts)},
        "exit_code": exit_code,
        "totals": {str(moved): difference.count(moved) for moved in Moved},
        "came": difference.came,
        "went": difference.went,
        "back": difference.back,
        "lost": [{"host": host, "reason": why} for host, why in difference.lost.items()],
        "blind": [{"rule": rule, "hosts": hosts} for rule, hosts in difference.blind.items()],
        "causes": [
            {
                "moved": cause.moved,
                "rule": cause.rule,
                "key": cause.key,
                "file": cause.file or None,
                "severity": cause.severity,
                "status": cause.status,
                "how": cause.how,
                "hosts": cause.hosts,
            }
            for cause in difference.causes()
        ],
        "hosts": [
            {
                "name": host,
                "moves": [
                    {
                        "moved": move.moved,
                        "new": move.counts,
                        "how": move.how,
                        **_finding(move.finding),
                    }
                    for move in moves
                ],
            }
            for host, moves in difference.moves.items()
        ],
    }
    return json.dumps(document, indent=1) + "\n"


def _finding(finding: PastFinding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "key": finding.key,
        "severity": finding.severity,
        "status": finding.status,
        "live": finding.live,
        "wanted": finding.wanted or None,
        "next_boot": finding.next_boot or None,
        "file": finding.file or None,
        "line": finding.line or None,
        "message": finding.message,
    }
