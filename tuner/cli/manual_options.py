"""The flags of the commands that print what there is to read."""

from __future__ import annotations

import argparse

from tuner.cli.exits import Exit
from tuner.cli.shared_options import SEVERITIES, add_connection

_SEVERITIES = ("note", "warning", "error")
_KINDS = ("policy", "myth", "hazard", "hygiene", "pressure")
_CONFIDENCES = ("proven", "likely", "possible")


def add_explain(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``tuner explain``."""
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
    add_connection(explain)
    explain.set_defaults(run=_explain, limit=None)


def add_rules(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``tuner rules``."""
    rules = commands.add_parser(
        "rules",
        help="list the rules",
        description="Print the catalogue of rules. Values of one filter add up; different filters "
        "must all hold.",
    )
    for flag, dest, choices in (
        ("--kind", "kinds", _KINDS),
        ("--severity", "severities", SEVERITIES[:-1]),
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


def add_profiles(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``tuner profiles``."""
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


def add_schema(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``tuner schema``."""
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


def add_probe(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``tuner probe``."""
    probe = commands.add_parser(
        "probe",
        help="print the script that makes a dump where tuner is not",
        description="Print the read-only script that hosts are asked with. On a host that tuner "
        "cannot reach, `sh probe.sh > HOST.dump` makes what `tuner audit --from` reads.",
    )
    probe.set_defaults(run=_probe)


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
