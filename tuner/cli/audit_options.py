"""The flags of the commands that ask hosts and report, and of those that go on from a report."""

from __future__ import annotations

import argparse

from tuner.cli.exits import Exit
from tuner.cli.shared_options import (
    SEVERITIES,
    add_connection,
    add_judging,
    add_outputs,
    add_whom,
)

_FORMATS = ("text", "json", "jsonl", "markdown", "html", "sarif", "junit", "prometheus")
_PLAIN = ("text", "json")
_DOCUMENTS = ("text", "markdown", "html", "json")


def add_audit(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``tuner audit``."""
    audit = commands.add_parser(
        "audit",
        help="ask hosts what they have and say what is wrong",
        description="Ask every host once, read-only, and report what differs from its role, what "
        "the next boot will change, and which settings rest on a myth.",
    )
    add_whom(audit)
    add_judging(audit)
    add_outputs(audit, _FORMATS)
    audit.add_argument(
        "--fail-on",
        choices=SEVERITIES,
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
    add_connection(audit)
    audit.set_defaults(run=_audit)


def add_collect(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``tuner collect``."""
    collect = commands.add_parser(
        "collect",
        help="keep what hosts say, to audit it later or elsewhere",
        description="Ask every host once, read-only, and keep each raw answer as HOST.dump beside "
        "an inventory.yml, so that `tuner audit --from DIR` needs no network.",
    )
    add_whom(collect)
    collect.add_argument(
        "-o", "--output-dir", required=True, metavar="DIR", help="folder to write to"
    )
    collect.add_argument(
        "-v", "--verbose", action="store_true", help="print hosts as they come, on stderr"
    )
    add_connection(collect)
    collect.set_defaults(run=_collect, roles=[])


def add_checklist(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``tuner checklist``."""
    checklist = commands.add_parser(
        "checklist",
        help="answer what must be known before a deployment",
        description="Answer the questions of every host's role: by the host itself, by the "
        "inventory's tuner_facts, or by a person, whose answers are kept in attestations.yml "
        "beside the inventory. Exit 0 only when every question is answered and no answer is "
        "against.",
    )
    add_whom(checklist)
    add_judging(checklist)
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
    add_connection(checklist)
    checklist.set_defaults(run=_checklist)


def add_diff(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``tuner diff``."""
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
        choices=SEVERITIES,
        default="warning",
        help="exit 1 for something new of this severity or worse (default: %(default)s)",
    )
    diff.set_defaults(run=_diff)


def _document(text: str) -> tuple[str, str]:
    form, colon, name = text.partition(":")
    if not colon or form not in _DOCUMENTS or not name:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not FORMAT:FILE; formats: {', '.join(_DOCUMENTS)}"
        )
    return form, name


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
