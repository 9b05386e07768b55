"""Reports that are asked for: --format for standard output, --output FORMAT:FILE for files."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

from tuner.cli.paths import is_file, is_folder, is_there
from tuner.errors import UsageError

STDOUT = "-"
"""The file name that stands for standard output."""


@dataclass(frozen=True, slots=True)
class Target:
    """One report that is asked for. ``path`` None: standard output."""

    form: str
    path: Path | None


def read_targets(options: argparse.Namespace, forms: Collection[str]) -> list[Target]:
    """Return what --format and every --output ask for; text on standard output if nothing does.

    Raises:
        UsageError: one is no FORMAT:FILE, two have the same file, or a folder is not there.
    """
    targets = [_target(text, forms) for text in options.outputs]
    printed = [target for target in targets if target.path is None]
    if options.format is not None:
        printed.append(Target(options.format, None))
        targets.append(printed[-1])
    elif not printed:
        targets.append(Target("text", None))
    if len(printed) > 1:
        raise UsageError(
            f"{' and '.join(target.form for target in printed)} would both go to standard output",
            hint="give all but one of them a file: --output FORMAT:FILE",
        )
    seen: dict[str, str] = {}
    for target in targets:
        if target.path is not None and (is_file(target.path) or not is_there(target.path)):
            same = seen.setdefault(os.path.realpath(target.path), target.form)
            if same is not target.form or sum(other == target for other in targets) > 1:
                raise UsageError(
                    f"--output: two reports for the file {target.path}",
                    hint="give each a file of its own",
                )
    return targets


def _target(text: str, forms: Collection[str]) -> Target:
    """Return format and file of one --output.

    Raises:
        UsageError: it is not FORMAT:FILE, or the file cannot be there.
    """
    form, colon, name = text.partition(":")
    if not colon or form not in forms or not name:
        raise UsageError(
            f"--output {text!r} is not FORMAT:FILE",
            hint=f"formats: {', '.join(forms)}; as in --output json:report.json",
        )
    if name == STDOUT:
        return Target(form, None)
    path = Path(name)
    if not is_folder(path.parent):
        raise UsageError(f"--output: there is no folder {path.parent}", hint="make it first")
    if is_folder(path):
        raise UsageError(f"--output: {path} is a folder", hint=f"name a file in it: {path}/report")
    if not os.access(path if is_there(path) else path.parent, os.W_OK):
        raise UsageError(f"--output: {path} cannot be written", hint="check its permissions")
    return Target(form, path)


def print_pieces(pieces: Iterable[str]) -> None:
    """Print what machines read as UTF-8, whatever the locale says."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.flush()
        for piece in pieces:
            sys.stdout.buffer.write(piece.encode())
    else:
        sys.stdout.writelines(pieces)
