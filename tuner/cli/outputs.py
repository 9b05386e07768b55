"""Where reports go: --format to standard output, --output FORMAT:FILE to files, many at once."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import TextIO

from tuner.cli.consoles import for_file, on_stdout
from tuner.cli.exits import Exit
from tuner.cli.paths import write_atomically
from tuner.cli.targets import Target, print_pieces, read_targets
from tuner.errors import TunerError, UsageError
from tuner.report._report import HostReport, Report
from tuner.report.as_json import render_json
from tuner.report.as_jsonl import Lines, render_jsonl
from tuner.report.text import print_report
from tuner.resources import folder
from tuner.rules._check import registry

_STREAMED = "jsonl"
_SCRIPTS = ("report-data.js", "report-host.js", "report-fleet.js")


class Outputs:
    """Every report that one run is asked for.

    All are written whole and at once when the run is over, except lines, which come as hosts
    answer. A file that cannot be written does not take the others with it.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        """Read the options.

        Raises:
            UsageError: one is no FORMAT:FILE, two have the same file, or a folder is not there.
        """
        self._targets = read_targets(options, FORMS)
        self._lines = Lines()
        self._streams: dict[Target, TextIO] = {}
        self._troubles: list[TunerError] = []

    def open(self) -> None:
        """Begin the files that grow while hosts answer.

        Raises:
            UsageError: one cannot be written.
        """
        for target in self._targets:
            if target.form == _STREAMED and target.path is not None:
                try:
                    stream = target.path.open("w", encoding="utf-8")
                except OSError as error:
                    raise UsageError(
                        f"cannot write {target.path}: {error.strerror}",
                        hint="is the folder there, and may you write to it?",
                    ) from error
                self._streams[target] = stream

    def arrive(self, host: HostReport) -> None:
        """Write one host's line wherever lines are asked for."""
        targets = [target for target in self._targets if target.form == _STREAMED]
        if targets:
            line = self._lines.host(host)
            for target in targets:
                self._write_line(target, line)

    def finish(self, report: Report, code: Exit) -> None:
        """Write everything else.

        Raises:
            TunerError: a file could not be written; the other reports are there.
        """
        for target in self._targets:
            if target.form == _STREAMED:
                self._write_line(target, self._lines.summary(report, exit_code=code))
                with contextlib.suppress(OSError):
                    if target in self._streams:
                        self._streams.pop(target).close()
            elif target.path is not None:
                try:
                    write_atomically(target.path, FORMS[target.form](report, code))
                except TunerError as error:
                    self._troubles.append(error)
            elif target.form == "text":
                print_report(report, on_stdout())
            else:
                print_pieces(FORMS[target.form](report, code))
        sys.stdout.flush()
        if self._troubles:
            raise self._troubles[0]

    def _write_line(self, target: Target, line: str) -> None:
        if target.path is None:
            print_pieces([line])
            sys.stdout.flush()
        elif target in self._streams:
            try:
                self._streams[target].write(line)
                self._streams[target].flush()
            except OSError as error:
                del self._streams[target]
                self._troubles.append(
                    TunerError(
                        f"cannot write {target.path}: {error.strerror}",
                        hint="what it holds has no summary, and is not whole",
                    )
                )


def _text(report: Report, _: Exit) -> Iterable[str]:
    console = for_file()
    with console.capture() as capture:
        print_report(report, console)
    return [capture.get()]


# The code of a form, and jinja2, is imported only where that form is asked for.


def _markdown(report: Report, code: Exit) -> Iterable[str]:
    from tuner.report.markdown import render_markdown  # noqa: PLC0415

    return render_markdown(report, exit_code=code)


def _html(report: Report, code: Exit) -> Iterable[str]:
    from tuner.report.html import Sources, render_html  # noqa: PLC0415

    place = folder("templates")
    style, template, *scripts = (
        (place / name).read_text(encoding="utf-8")
        for name in ("report.css", "report.html.j2", *_SCRIPTS)
    )
    sources = Sources(template, style, tuple(scripts))
    return render_html(report, registry(), sources, exit_code=code, meaning=code.meaning)


def _sarif(report: Report, code: Exit) -> Iterable[str]:
    from tuner.report.sarif import render_sarif  # noqa: PLC0415

    return render_sarif(report, registry(), exit_code=code)


def _junit(report: Report, _: Exit) -> Iterable[str]:
    from tuner.report.junit import render_junit  # noqa: PLC0415

    return render_junit(report, registry())


def _prometheus(report: Report, code: Exit) -> Iterable[str]:
    from tuner.report.prometheus import render_prometheus  # noqa: PLC0415

    return render_prometheus(report, registry(), exit_code=code)


FORMS: Mapping[str, Callable[[Report, Exit], Iterable[str]]] = {
    "text": _text,
    "json": lambda report, code: render_json(report, exit_code=code),
    "jsonl": lambda report, code: render_jsonl(report, exit_code=code),
    "markdown": _markdown,
    "html": _html,
    "sarif": _sarif,
    "junit": _junit,
    "prometheus": _prometheus,
}
