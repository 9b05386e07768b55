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
_KINDS = ("policy", "myth", "hazard", "hygiene", "pressure")
_CONFIDENCES = ("proven", "likely", "possible")


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
    _add_rules(commands)
    _add_profiles(commands)
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
        help="say what a rule, a key or a topic means",
        description="Print the page of a rule, of a kernel setting or of a topic. Without a name, "
        "list all there is. With a host, add what that host has of it now, after its next boot, "
        "and why.",
    )
    explain.add_argument("name", nargs="?", metavar="RULE|KEY|TOPIC")
    _add_page_format(explain)
    host = explain.add_argument_group("a host")
    host.add_argument("--host", metavar="HOST", help="a host of the inventory, or of the dumps")
    host.add_argument(
        "-i",
        "--inventory",
        metavar="INVENTORY",
        help="where the host is (default: $TUNER_INVENTORY, else ./inventory.yml)",
    )
    host.add_argument(
        "--from",
        dest="sources",
        nargs="+",
        metavar="PATH",
        default=[],
        help="read dumps instead, as tuner audit does",
    )
    host.add_argument(
        "--role",
        dest="roles",
        action="append",
        default=[],
        metavar="ROLE",
        help="judge the host by this role, whatever the inventory says; may be repeated",
    )
    _add_connection(explain)
    explain.set_defaults(run=_explain, limit="")


def _add_rules(commands: argparse._SubParsersAction[_Parser]) -> None:
    rules = commands.add_parser(
        "rules",
        help="list the rules",
        description="Print the catalogue of rules. Values of one filter add up; different filters "
        "must all hold.",
    )
    for flag, dest, choices in (
        ("--kind", "kinds", _KINDS),
        ("--severity", "severities", _SEVERITIES[:-1]),
        ("--confidence", "confidences", _CONFIDENCES),
    ):
        rules.add_argument(
            flag,
            dest=dest,
            action="append",
            choices=choices,
            default=[],
            help="only these; may be repeated",
        )
    rules.add_argument(
        "--role",
        dest="roles",
        action="append",
        default=[],
        metavar="ROLE",
        help="only rules that can say something of a host with this role; may be repeated",
    )
    _add_page_format(rules)
    rules.set_defaults(run=_rules)


def _add_profiles(commands: argparse._SubParsersAction[_Parser]) -> None:
    profiles = commands.add_parser(
        "profiles",
        help="list the profiles, or show what one comes to",
        description="Print the profiles, or one of them with all that it extends: what it sets, "
        "leaves alone and avoids, and which line of which profile says so.",
    )
    profiles.add_argument("name", nargs="?", metavar="PROFILE")
    _add_page_format(profiles)
    profiles.set_defaults(run=_profiles)


def _add_page_format(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--format",
        choices=("text", "json", "markdown"),
        default="text",
        help="what to print (default: %(default)s)",
    )
    parser.add_argument(
        "--profiles",
        action="append",
        default=[],
        metavar="DIR",
        help="also read profiles (*.yml) from this folder; may be repeated",
    )


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


def _rules(options: argparse.Namespace) -> Exit:
    from tuner.cli.explain import print_rules  # noqa: PLC0415

    return print_rules(options)


def _profiles(options: argparse.Namespace) -> Exit:
    from tuner.cli.explain import print_profiles  # noqa: PLC0415

    return print_profiles(options)


def _schema(options: argparse.Namespace) -> Exit:
    from tuner.cli.explain import print_schema  # noqa: PLC0415

    return print_schema(options)
