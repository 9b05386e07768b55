"""Baselines and waivers of a whole run: what was known before, and what covers nothing."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tuner.cli.paths import write_atomically
from tuner.errors import ReportError, UsageError
from tuner.history.baseline import Baseline, Use, found, parse_baseline, print_baseline
from tuner.inventory.host import Host
from tuner.inventory.scope import Scopes
from tuner.report._report import HostReport, fold
from tuner.rules._waivers import Unused, unused_waivers

Reports = tuple[HostReport, ...]


def is_whole(options: argparse.Namespace) -> bool:
    """Tell whether a run is about every host of its inventory."""
    return not options.limit and not options.sources


def read_baseline(options: argparse.Namespace) -> Baseline | None:
    """Return the baseline that the options name, None without one.

    Raises:
        ReportError: it cannot be read.
        UsageError: the folder of the one to be written is not there.
    """
    if options.write_baseline and not Path(options.write_baseline).parent.is_dir():
        raise UsageError(
            f"--write-baseline: there is no folder {Path(options.write_baseline).parent}",
            hint="make it first",
        )
    if not options.baseline:
        return None
    path = Path(options.baseline)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ReportError(
            f"cannot read the baseline: {error.strerror}",
            file=str(path),
            hint="make one: tuner audit --write-baseline FILE",
        ) from None
    except UnicodeDecodeError as error:
        raise ReportError(f"not UTF-8 (byte {error.start})", file=str(path)) from None
    return parse_baseline(text, file=str(path))


def write_baseline(
    reports: Reports, old: Baseline | None, path: Path, hosts: Sequence[Host]
) -> Baseline:
    """Write what was found as known, and return the baseline that this makes.

    Entries of an old one that this run could say nothing about are kept.
    """
    verdicts = {report.name: report.verdict for report in reports}
    kept = []
    if old is not None:
        old.bind(Scopes(hosts))
        kept = list(old.unjudged(verdicts))
    text = "".join(print_baseline(found(verdicts, kept), fold))
    write_atomically(path, [text])
    return parse_baseline(text, file=str(path))


def with_known(
    reports: Reports, baseline: Baseline, hosts: Sequence[Host], *, whole: bool
) -> tuple[Reports, Use]:
    """Return the reports with known findings set apart, and what the baseline came to."""
    baseline.bind(Scopes(hosts))
    split = tuple(
        report
        if report.verdict is None
        else replace(report, verdict=baseline.split(report.name, report.verdict))
        for report in reports
    )
    return split, baseline.use({report.name: report.verdict for report in split}, whole=whole)


def idle_waivers(reports: Reports, hosts: Sequence[Host]) -> tuple[Unused, ...]:
    """Return the waivers that cover nothing on any host of the run."""
    verdicts = {report.name: report.verdict for report in reports}
    return unused_waivers((host.name, host.waivers, verdicts[host.name]) for host in hosts)
