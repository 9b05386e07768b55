"""Which commands and flags there are."""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from collections.abc import Sequence
from typing import NoReturn

import tuner
from tuner.cli.change_options import add_apply, add_history, add_rollback, add_status
from tuner.cli.exits import Exit
from tuner.cli.plan_options import add_plan, add_render
from tuner.errors import UsageError

_FORMATS = ("text", "json", "jsonl", "markdown", "html", "sarif", "junit", "prometheus")
_PLAIN = ("text", "json")
_LINT = ("text", "json", "sarif")
_DOCUMENTS = ("text", "markdown", "html", "json")
_SEVERITIES = ("note", "warning", "error", "never")
_KINDS = ("policy", "myth", "hazard", "hygiene", "pressure")
_CONFIDENCES = ("proven", "likely", "possible")


class _Parser(argparse.ArgumentParser):
    """argparse, with errors in tuner's words and suggestions for misspelt commands."""

    def error(self, message: str) -> NoReturn:
        hint = f"see: {self.prog} --help"
        choice = re.search(r"invalid choice: '(.*)' \(choose from (.*)\)", message)
        if choice:
            near = difflib.get_close_matches(choice[1], re.findall(r"[\w-]+", choice[2]), n=1)
            hint = f"did you mean {near[0]}? Else {hint}" if near else hint
        raise UsageError(message, hint=hint)


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
        raise UsageError(
            f"unrecognized arguments: {' '.join(unknown)}",
            hint=f"see: tuner {options.command} --help",
        )
    return options


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
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add_audit(commands)
    _add_collect(commands)
    add_plan(commands, _add_whom, _add_connection)
    add_render(commands)
    add_apply(commands, _add_whom, _add_connection)
    add_rollback(commands, _add_whom, _add_connection)
    add_history(commands, _add_whom, _add_connection)
    add_status(commands, _add_whom, _add_connection)
    _add_boot(commands)
    _add_checklist(commands)
    _add_diff(commands)
    _add_lint(commands)
    _add_explain(commands)
    _add_rules(commands)
    _add_profiles(commands)
    _add_schema(commands)
    _add_probe(commands)
    return parser


def _add_audit(commands: argparse._SubParsersAction[_Parser]) -> None:
    audit = commands.add_parser(
        "audit",
        help="ask hosts what they have and say what is wrong",
        description="Ask every host once, read-only, and report what differs from its role, what "
        "the next boot will change, and which settings rest on a myth.",
    )
    _add_whom(audit)
    _add_judging(audit)
    _add_outputs(audit, _FORMATS)
    audit.add_argument(
        "--fail-on",
        choices=_SEVERITIES,
        default="warning",
        help="exit 1 for findings of this severity or worse (default: %(default)s)",
    )
    audit.add_argument(
        "--baseline",
        default=None,
        metavar="FILE",
        help="findings in this file are known: they are shown, and do not fail the run",
    )
    audit.add_argument(
        "--write-baseline",
        default=None,
        metavar="FILE",
        help="write what is found into this file, as known from now on",
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


def _add_checklist(commands: argparse._SubParsersAction[_Parser]) -> None:
    checklist = commands.add_parser(
        "checklist",
        help="answer what must be known before a deployment",
        description="Answer the questions of every host's role: by the host itself, by the "
        "inventory's tuner_facts, or by a person, whose answers are kept in attestations.yml "
        "beside the inventory. Exit 0 only when every question is answered and no answer is "
        "against.",
    )
    _add_whom(checklist)
    _add_judging(checklist)
    checklist.add_argument(
        "--checklists",
        action="append",
        default=[],
        metavar="DIR",
        help="also read questions (*.yml) from this folder; may be repeated",
    )
    checklist.add_argument(
        "--attestations",
        default=None,
        metavar="FILE",
        help="people's answers (default: attestations.yml beside the inventory)",
    )
    checklist.add_argument(
        "--plan",
        default=None,
        metavar="FILE",
        help="a saved plan (tuner plan -o FILE): make the change ticket of its hosts",
    )
    checklist.add_argument(
        "--format",
        choices=_DOCUMENTS,
        default="text",
        help="what to print (default: %(default)s)",
    )
    checklist.add_argument(
        "--output",
        dest="outputs",
        action="append",
        type=_document,
        default=[],
        metavar="FORMAT:FILE",
        help="also write the checklist to a file; may be repeated",
    )
    checklist.add_argument(
        "--list", dest="list_items", action="store_true", help="print every question, ask nobody"
    )
    attest = checklist.add_argument_group(
        "answering", "write one person's answer into the file of answers, and ask nobody"
    )
    attest.add_argument("--attest", default=None, metavar="ITEM", help="the question to answer")
    attest.add_argument("--answer", default=None, metavar="ANSWER", help="what the answer is")
    attest.add_argument("--who", default=None, metavar="NAME", help="who says so")
    attest.add_argument(
        "--scope",
        default="all",
        metavar="PATTERN",
        help="for which hosts: hosts, groups, role=NAME and patterns (default: all)",
    )
    attest.add_argument(
        "--until",
        default=None,
        metavar="DATE",
        help="the last day on which it is believed (default: 90 days from today)",
    )
    attest.add_argument("--note", default="", metavar="TEXT", help="what else there is to say")
    _add_connection(checklist)
    checklist.set_defaults(run=_checklist)


def _add_diff(commands: argparse._SubParsersAction[_Parser]) -> None:
    diff = commands.add_parser(
        "diff",
        help="say what moved between two reports",
        description="Compare two reports of `tuner audit --output json:FILE`. Nothing is printed "
        "and the exit code is 0 where nothing moved; 1: something new is at or above --fail-on; "
        "3: a host or a rule that was judged before no longer is.",
    )
    diff.add_argument("old", metavar="OLD", help="the earlier report (JSON)")
    diff.add_argument("new", metavar="NEW", help="the later report (JSON)")
    diff.add_argument(
        "--format",
        choices=("text", "markdown", "json"),
        default="text",
        help="what to print (default: %(default)s)",
    )
    diff.add_argument(
        "--by",
        choices=("cause", "host"),
        default="cause",
        help="how the text is ordered (default: %(default)s)",
    )
    diff.add_argument(
        "--fail-on",
        choices=_SEVERITIES,
        default="warning",
        help="exit 1 for something new of this severity or worse (default: %(default)s)",
    )
    diff.set_defaults(run=_diff)


def _add_boot(commands: argparse._SubParsersAction[_Parser]) -> None:
    boot = commands.add_parser(
        "boot",
        help="say what the next boot sets, and which line decides it",
        description="Tell, key by key, the value after the next boot, the file and line that "
        "decide it, every line that loses and why, and who may change it later. Exit code 1 with "
        "--compare: the loaders differ.",
    )
    boot.add_argument(
        "target",
        nargs="?",
        metavar="INVENTORY|DUMP|ROOTFS-DIR",
        help="hosts to ask, a dump, a folder of dumps, or a folder with a root file system",
    )
    boot.add_argument(
        "keys", nargs="*", metavar="KEY|GLOB", help="only these keys (default: all that lines name)"
    )
    boot.add_argument(
        "--loader",
        default=None,
        metavar="NAME[:VERSION]",
        help="as if this program applied the files: systemd, procps, busybox, alpine, void",
    )
    boot.add_argument(
        "--compare",
        action="store_true",
        help="only the keys that `sysctl` on a shell (or --loader) would set otherwise",
    )
    boot.add_argument(
        "--trace",
        dest="traces",
        action="append",
        default=[],
        metavar="KEY",
        help="print every line that was considered for this key; may be repeated",
    )
    boot.add_argument(
        "--format", choices=_PLAIN, default="text", help="what to print (default: %(default)s)"
    )
    boot.add_argument(
        "-l", "--limit", default="", metavar="PATTERN", help="only these hosts (Ansible's patterns)"
    )
    _add_connection(boot)
    boot.set_defaults(run=_boot, roles=[], rest="keys")


def _add_lint(commands: argparse._SubParsersAction[_Parser]) -> None:
    lint = commands.add_parser(
        "lint",
        help="check settings files alone, without any host",
        description="Check sysctl.conf files, sysctl.d folders or whole root file systems for "
        "lines that do not do what they say under some loader. No host is asked.",
        epilog="A comment `# tuner: ignore[RULE] reason` above a line, or `ignore-file` anywhere, "
        "suppresses what is known and wanted.",
    )
    lint.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="files, folders, root file systems; - or a pipe: standard input",
    )
    lint.add_argument(
        "--kernel",
        metavar="RELEASE",
        default=None,
        help="judge for this kernel (default: lines for any, values for the newest known)",
    )
    lint.add_argument(
        "--role",
        dest="roles",
        action="append",
        default=[],
        metavar="ROLE",
        help="hold the files against this role as well; may be repeated",
    )
    lint.add_argument(
        "--profiles",
        action="append",
        default=[],
        metavar="DIR",
        help="also read profiles (*.yml) from this folder; may be repeated",
    )
    lint.add_argument(
        "--loader",
        dest="loaders",
        action="append",
        default=[],
        metavar="NAME[:VERSION]",
        help="judge for this loader: systemd, procps or busybox; may be repeated",
    )
    lint.add_argument(
        "--select", action="append", default=[], metavar="RULE,...", help="ask these rules alone"
    )
    lint.add_argument(
        "--ignore", action="append", default=[], metavar="RULE,...", help="do not ask these rules"
    )
    _add_outputs(lint, _LINT)
    lint.add_argument(
        "--fail-on",
        choices=_SEVERITIES,
        default="warning",
        help="exit 1 for findings of this severity or worse (default: %(default)s)",
    )
    lint.set_defaults(rest="paths", run=_lint)


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
        help="print the JSON Schema of a JSON document",
        description="Print the JSON Schema that `tuner audit --format json` keeps to; "
        "report-lines is that of each line of --format jsonl; plan, boot, checklist, difference "
        "and lint are those of `tuner plan`, `tuner boot`, `tuner checklist`, `tuner diff` "
        "and `tuner lint`.",
    )
    schema.add_argument(
        "document",
        nargs="?",
        choices=("report", "report-lines", "plan", "boot", "checklist", "difference", "lint"),
        default="report",
        help="which document (default: %(default)s)",
    )
    schema.set_defaults(run=_schema)


def _add_probe(commands: argparse._SubParsersAction[_Parser]) -> None:
    probe = commands.add_parser(
        "probe",
        help="print the script that makes a dump where tuner is not",
        description="Print the read-only script that hosts are asked with. On a host that tuner "
        "cannot reach, `sh probe.sh > HOST.dump` makes what `tuner audit --from` reads.",
    )
    probe.set_defaults(run=_probe)


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


def _add_outputs(parser: argparse.ArgumentParser, formats: Sequence[str]) -> None:
    parser.add_argument(
        "--format",
        choices=formats,
        default=None,
        metavar="FORMAT",
        help=f"what to print: {', '.join(formats)} (default: text)",
    )
    parser.add_argument(
        "--output",
        dest="outputs",
        action="append",
        default=[],
        metavar="FORMAT:FILE",
        help="also write the report to a file, - for standard output; may be repeated",
    )


def _add_judging(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--from",
        dest="sources",
        nargs="+",
        metavar="PATH",
        default=[],
        help="read dumps (files, or folders of them) instead of asking hosts: a probe's output, "
        "the output of `sysctl -a`, or a sosreport",
    )
    parser.add_argument(
        "--role",
        dest="roles",
        action="append",
        default=[],
        metavar="ROLE",
        help="judge every host by this role, whatever the inventory says; may be repeated",
    )
    parser.add_argument(
        "--profiles",
        dest="profiles",
        action="append",
        default=[],
        metavar="DIR",
        help="also read profiles (*.yml) from this folder; may be repeated",
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


def _document(text: str) -> tuple[str, str]:
    form, colon, name = text.partition(":")
    if not colon or form not in _DOCUMENTS or not name:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not FORMAT:FILE; formats: {', '.join(_DOCUMENTS)}"
        )
    return form, name


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


def _checklist(options: argparse.Namespace) -> Exit:
    from tuner.cli.checklist import run  # noqa: PLC0415

    return run(options)


def _diff(options: argparse.Namespace) -> Exit:
    from tuner.cli.diff import run  # noqa: PLC0415

    return run(options)


def _boot(options: argparse.Namespace) -> Exit:
    from tuner.cli.boot import run  # noqa: PLC0415

    return run(options)


def _lint(options: argparse.Namespace) -> Exit:
    from tuner.cli.lint import run  # noqa: PLC0415

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
    if options.document == "plan":
        from tuner.cli.plan import print_schema as print_plan_schema  # noqa: PLC0415

        return print_plan_schema(options)
    from tuner.cli.explain import print_schema  # noqa: PLC0415

    return print_schema(options)


def _probe(options: argparse.Namespace) -> Exit:
    from tuner.cli.explain import print_probe  # noqa: PLC0415

    return print_probe(options)
