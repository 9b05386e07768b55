"""Which commands and flags there are."""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import tuner
from tuner.cli.audit_options import add_audit, add_checklist, add_collect, add_diff
from tuner.cli.change_options import add_apply, add_history, add_rollback, add_status
from tuner.cli.exits import Exit
from tuner.cli.file_options import add_boot, add_lint
from tuner.cli.manual_options import add_explain, add_probe, add_profiles, add_rules, add_schema
from tuner.cli.plan_options import add_plan, add_render
from tuner.errors import UsageError


class _Parser(argparse.ArgumentParser):
    """argparse, with errors in tuner's words and suggestions for misspelt commands."""

    def error(self, message: str) -> NoReturn:
        hint = f"see: {self.prog} --help"
        choice = re.search(r"invalid choice: '(.*)' \(choose from (.*)\)", message)
        if choice:
            near = difflib.get_close_matches(choice[1], re.findall(r"[\w-]+", choice[2]), n=1)
            hint = f"did you mean {near[0]}? Else {hint}" if near else hint
        raise UsageError(message, hint=hint)

    def _print_message(self, message: str, file: Any = None) -> None:
        # argparse passes over help that cannot be written, as if all were well.
        (file or sys.stderr).write(message)


class _Help(argparse.HelpFormatter):
    """argparse's help, whose column has room for the longest command."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog)
        self._action_max_length = 20


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of one command; ``run`` is the function that carries it out.

    Raises:
        UsageError: the arguments mean nothing.
    """
    parser = build_parser()
    if not arguments:
        parser.print_help(sys.stderr)
        raise SystemExit(Exit.USAGE)
    options, unknown = parser.parse_known_args(arguments)
    rest = getattr(options, "rest", "")
    if rest and all(word == "-" or not word.startswith("-") for word in unknown):
        # argparse gives a list of words what stands before the first option, and no more.
        getattr(options, rest).extend(unknown)
        unknown = []
    if unknown:
        command = f" {options.command}" if options.command else ""
        raise UsageError(
            f"unrecognized arguments: {' '.join(unknown)}", hint=f"see: tuner{command} --help"
        )
    if options.command is None:
        parser.error("the following arguments are required: COMMAND")
    _refuse_empty(options)
    return options


def _refuse_empty(options: argparse.Namespace) -> None:
    """Raise UsageError for what a shell variable that is not set leaves behind.

    An empty path would mean the current folder and all that is in it, an empty limit every host.
    """
    for name, flag in _NEVER_EMPTY.items():
        given = getattr(options, name, None)
        if given == "" or (isinstance(given, list) and "" in given):
            raise UsageError(
                f"{flag} is empty", hint="is a shell variable not set? Say what, or leave it out"
            )


_NEVER_EMPTY = {
    **dict.fromkeys(("inventory", "target"), "the inventory"),
    **dict.fromkeys(("old", "new"), "the report"),
    "paths": "the path",
    "output": "-o",
    "output_dir": "-o",
    "sources": "--from",
    "ssh_config": "-F",
    "limit": "--limit",
} | {
    name: f"--{name.replace('_', '-')}"
    for name in (
        *("attestations", "baseline", "become_password_file", "checklists", "host_facts"),
        *("hosts_from", "journal", "plan", "profiles", "template", "write_baseline"),
    )
}
"""The options that are paths or say which hosts, and what their user calls them."""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = _Parser(
        prog="tuner",
        formatter_class=_Help,
        description="Audit the TCP and network sysctls of Linux hosts over SSH, without an agent.",
        epilog="Exit codes: "
        + "; ".join(f"{code.value} {code.meaning}" for code in Exit if code <= Exit.CHANGE_FAILED)
        + ".",
    )
    parser.add_argument("--version", action="version", version=f"tuner {tuner.__version__}")
    commands: argparse._SubParsersAction[Any] = parser.add_subparsers(
        dest="command", metavar="COMMAND"
    )
    add_audit(commands)
    add_collect(commands)
    add_plan(commands)
    add_render(commands)
    add_apply(commands)
    add_rollback(commands)
    add_history(commands)
    add_status(commands)
    add_boot(commands)
    add_checklist(commands)
    add_diff(commands)
    add_lint(commands)
    add_explain(commands)
    add_rules(commands)
    add_profiles(commands)
    add_schema(commands)
    add_probe(commands)
    return parser
