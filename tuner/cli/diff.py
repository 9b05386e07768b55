"""`tuner diff`: what moved between two reports; nothing is said where nothing did."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import tuner
from tuner.cli.consoles import on_stdout
from tuner.cli.exits import Exit
from tuner.compare.difference import Difference, compare
from tuner.compare.past import open_report
from tuner.policy.policy import Severity
from tuner.report.difference_json import render_difference_json
from tuner.report.difference_markdown import render_difference_markdown
from tuner.report.difference_text import print_difference


def run(options: argparse.Namespace) -> Exit:
    """Compare the two reports that the options name."""
    old, new = open_report(Path(options.old)), open_report(Path(options.new))
    difference = compare(old, new)
    code = _exit(difference, options.fail_on)
    match options.format:
        case "text":
            print_difference(difference, on_stdout(), by_host=options.by == "host")
        case "markdown":
            sys.stdout.write(render_difference_markdown(difference))
        case "json":
            sys.stdout.write(
                render_difference_json(difference, version=tuner.__version__, exit_code=code)
            )
    sys.stdout.flush()
    return code


def _exit(difference: Difference, fail_on: str) -> Exit:
    """Return the exit code: what could no longer be judged outranks what is new."""
    if difference.incomplete:
        return Exit.INCOMPLETE
    threshold = None if fail_on == "never" else Severity[fail_on.upper()]
    return Exit.FINDINGS if difference.fails(threshold) else Exit.CLEAN
