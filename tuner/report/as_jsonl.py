"""A line of JSON for each host, as soon as it has answered; ``schema/report-lines-1.json``.

Every line stands alone: ``type`` says whether it is a host or the summary that ends the report. A
report without a summary is not whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from tuner.report._report import HostReport, Report
from tuner.report.as_json import Rows, groups, head


class Lines:
    """The lines of one report, in the order in which the hosts answer."""

    def __init__(self) -> None:
        self._rows = Rows()

    def host(self, host: HostReport) -> str:
        """Return the line of one host."""
        keys = self._rows.table(host.keys) if host.verdict else "null"
        return f'{{"type": "host", {self._rows.host(host, keys)[1:]}\n'

    def summary(self, report: Report, *, exit_code: int) -> str:
        """Return the last line."""
        row = {
            "type": "summary",
            **head(report, exit_code=exit_code),
            "groups": list(groups(report)),
        }
        return json.dumps(row) + "\n"


def render_jsonl(report: Report, *, exit_code: int) -> Iterator[str]:
    """Yield the lines of a report that is there already, hosts in its own order."""
    lines = Lines()
    for host in report.hosts:
        yield lines.host(host)
    yield lines.summary(report, exit_code=exit_code)
