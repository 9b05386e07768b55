"""Which commands and flags there are."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

import tuner
from tuner.cli.exits import Exit
from tuner.errors import UsageError

_FORMATS = ("text", "json", "jsonl", "markdown", "html", "sarif", "junit", "prometheus")
_SEVERITIES = ("note", "warning", "error", "never")


class _Parser(argparse.ArgumentParser):
    """argparse, with errors in tuner's words and suggestions for misspelt commands."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, hint=f"see: {self.prog} --help")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of one command; ``run`` is the function that carries it out.

    Raises:
        UsageError: the arguments mean nothing.
    """
    parser = build_parser()
    if not arguments:
        parser.print_help(sys.stderr)
        raise SystemExit(Exit.USAGE)
    return parser.parse_args(arguments)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = _Parser(
        prog="tuner",
        description="Audit the TCP and network sysctls of Linux hosts over SSH, without an agent.",
        epilog="Exit codes: "
        + "; ".join(f"{code.value} {code.meaning}" for code in Exit if code <= Exit.INCOMPLETE)
        + ".",
    )
    parser.add_argument("--version", action="version", version=f"tuner {tuner.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add_audit(commands)
    _add_collect(commands)
    _add_explain(commands)
    _add_schema(commands)
    return parser


def _add_audit(commands: argparse._SubParsersAction[_Parser]) -> None:
    audit = commands.add_parser(
        "audit",
        help="ask hosts what they have and say what is wrong",
        description="Ask every host once, read-only, and report what differs from its role, what "
        "the next boot will change, and which settings rest on a myth.",
    )
    _add_whom(audit)
    audit.add_argument(
        "--from",
        dest="sources",
        nargs="+",
        metavar="PATH",
        default=[],
        help="read dumps (files, or folders of them) instead of asking hosts: a probe's output, "
        "the output of `sysctl -a`, or a sosreport",
    )
    audit.add_argument(
        "--role",
        dest="roles",
        action="append",
        default=[],
        metavar="ROLE",
        help="judge every host by this role, whatever the inventory says; may be repeated",
    )
    audit.add_argument(
        "--profiles",
        dest="profiles",
        action="append",
        default=[],
        metavar="DIR",
        help="also read profiles (*.yml) from this folder; may be repeated",
    )
    audit.add_argument(
        "--format",
        choices=_FORMATS,
        default=None,
        metavar="FORMAT",
        help=f"what to print: {', '.join(_FORMATS)} (default: text)",
    )
    audit.add_argument(
        "--output",
        dest="outputs",
        action="append",
        default=[],
        metavar="FORMAT:FILE",
        help="also write the report to a file, - for standard output; may be repeated",
    )
    audit.add_argument(
        "--fail-on",
        choices=_SEVERITIES,
        default="warning",
        help="exit 1 for findings of this severity or worse (default: %(default)s)",
    )
    audit.add_argument(
        "-v", "--verbose", action="store_true", help="print findings as they come, on stderr"
    )
    _add_connection(audit)
    audit.set_defaults(run=_audit)


def _add_collect(commands: argparse._SubParsersAction[_Parser]) -> None:
    collect = commands.add_parser(
        "collect",
        help="keep what hosts say, to audit it later or elsewhere",
        description="Ask every host once, read-only, and keep each raw answer as HOST.dump beside "
        "an inventory.yml, so that `tuner audit --from DIR` needs no network.",
    )
    _add_whom(collect)
    collect.add_argument(
        "-o", "--output-dir", required=True, metavar="DIR", help="folder to write to"
    )
    collect.add_argument(
        "-v", "--verbose", action="store_true", help="print hosts as they come, on stderr"
    )
    _add_connection(collect)
    collect.set_defaults(run=_collect, roles=[])


def _add_explain(commands: argparse._SubParsersAction[_Parser]) -> None:
    explain = commands.add_parser(
        "explain",
        help="say what a rule or a key means",
        description="Print the page of a rule, or what a kernel setting does. Without a name, "
        "list the rules.",
    )
    explain.add_argument("name", nargs="?", metavar="RULE|KEY")
    explain.set_defaults(run=_explain)


def _add_schema(commands: argparse._SubParsersAction[_Parser]) -> None:
    schema = commands.add_parser(
        "schema",
        help="print the JSON Schema of the JSON report",
        description="Print the JSON Schema that `tuner audit --format json` keeps to; "
        "report-lines is that of each line of --format jsonl.",
    )
    schema.add_argument("document", nargs="?", choices=("report", "report-lines"), default="report")
    schema.set_defaults(run=_schema)


def _add_whom(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "inventory",
        nargs="?",
        metavar="INVENTORY",
        help="an Ansible inventory: YAML, INI, JSON, a script, or a folder "
        "(default: $TUNER_INVENTORY, else ./inventory.yml)",
    )
    parser.add_argument(
        "-l", "--limit", default="", metavar="PATTERN", help="only these hosts (Ansible's patterns)"
    )


def _add_connection(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("connection")
    group.add_argument(
        "-f",
        "--forks",
        type=_positive,
        default=None,
        metavar="N",
        help="hosts asked at a time (default: 50)",
    )
    group.add_argument(
        "-T",
        "--timeout",
        type=_seconds,
        default=30.0,
        metavar="S",
        help="seconds a host's answer may take (default: 30)",
    )
    group.add_argument(
        "--connect-timeout",
        type=_seconds,
        default=10.0,
        metavar="S",
        help="seconds each step of connecting may take (default: 10)",
    )
    group.add_argument(
        "-F",
        "--ssh-config",
        default=None,
        metavar="FILE",
        help="ssh client configuration (default: ~/.ssh/config, then /etc/ssh/ssh_config)",
    )
    group.add_argument(
        "--accept-new-host-keys",
        action="store_true",
        help="add unknown host keys to known_hosts; changed ones are refused all the same",
    )
    group.add_argument(
        "-k", "--ask-pass", action="store_true", help="ask for the SSH password, once"
    )
    group.add_argument(
        "-b",
        "--become",
        action="store_true",
        help="ask through sudo, as ansible_become: true does",
    )
    become = group.add_mutually_exclusive_group()
    become.add_argument(
        "-K", "--ask-become-pass", action="store_true", help="ask for the sudo password, once"
    )
    become.add_argument(
        "--become-password-file",
        default=None,
        metavar="FILE",
        help="read the sudo password from this file (else from $TUNER_BECOME_PASSWORD, if set)",
    )


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 86400:  # noqa: PLR2004 - a day; also refuses nan and inf
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds up to a day")
    return seconds


def _audit(options: argparse.Namespace) -> Exit:
    from tuner.cli.audit import run  # noqa: PLC0415

    return run(options)


def _collect(options: argparse.Namespace) -> Exit:
    from tuner.cli.collect import run  # noqa: PLC0415

    return run(options)


def _explain(options: argparse.Namespace) -> Exit:
    from tuner.cli.explain import run  # noqa: PLC0415

    return run(options)


def _schema(options: argparse.Namespace) -> Exit:
    from tuner.cli.explain import print_schema  # noqa: PLC0415

    return print_schema(options)
