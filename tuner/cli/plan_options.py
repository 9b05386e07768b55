"""The flags of `tuner plan`, `tuner apply --dry-run` and `tuner render`."""

from __future__ import annotations

import argparse

from tuner.cli.exits import Exit
from tuner.cli.shared_options import add_connection, add_whom

FORMATS = ("sysctl.d", "ansible", "tuned", "cloud-init", "butane", "talos", "nixos")


def add_plan(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `tuner plan`."""
    plan = commands.add_parser(
        "plan",
        help="show what would be changed on each host, and change nothing",
        description="Ask every host once, read-only, and show what an apply would do: the values "
        "that move, live and at the next boot, with the rules that ask for it, and the lines of "
        "the files. What is left alone, and what cannot be made to win, is named with its reason.",
        epilog="Exit codes: 0 nothing to do; 1 there is something to do; 2 usage, inventory, "
        "profile or template is wrong; 3 incomplete.",
    )
    add_plan_flags(plan)
    plan.set_defaults(run=_plan)


def add_plan_flags(parser: argparse.ArgumentParser) -> None:
    """Add what decides on a plan and how it is shown."""
    add_whom(parser)
    parser.add_argument(
        "--from",
        dest="sources",
        nargs="+",
        metavar="PATH",
        default=[],
        help="read dumps (files, or folders of them) instead of asking hosts",
    )
    _add_policy(parser, "plan for every host by this role, whatever the inventory says")
    parser.add_argument(
        "--unsafe",
        action="store_true",
        help="also take remedies that may cut somebody off or lose traffic",
    )
    parser.add_argument(
        "--edit-others",
        action="store_true",
        help="also comment out lines of files in /etc that do nothing or that tuner's file "
        "cannot beat",
    )
    _add_template(parser)
    parser.add_argument(
        "--diff",
        choices=("both", "semantic", "unified", "none"),
        default="both",
        help="show moving values, lines of files, or both (default: %(default)s)",
    )
    parser.add_argument(
        "--format",
        choices=("text", "json"),
        default="text",
        help="what to print; json is the saved plan (default: %(default)s)",
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="save the plan to this file")
    add_connection(parser)


def add_render(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `tuner render`."""
    render = commands.add_parser(
        "render",
        help="print a role's settings as a file, for people who bring it out by other means",
        description="Print the settings of one or several roles, with the reason of each. No host "
        "is asked: --host-facts reads what one said, --kernel and --memory describe one.",
    )
    _add_policy(render, "the role; may be repeated", required=True)
    host = render.add_mutually_exclusive_group()
    host.add_argument(
        "--host-facts",
        metavar="FILE",
        help="a host's dump, `sysctl -a` output or sosreport: its kernel, memory and values",
    )
    host.add_argument(
        "--kernel", metavar="RELEASE", help="the kernel, as in 6.1 (default: the newest known)"
    )
    render.add_argument(
        "--memory", metavar="SIZE", help="the memory, as in 16GiB, for values that follow from it"
    )
    render.add_argument(
        "--format",
        choices=FORMATS,
        default=FORMATS[0],
        help="whose file it is to be (default: %(default)s)",
    )
    _add_template(render)
    render.add_argument("-o", "--output", metavar="FILE", help="write to this file")
    render.set_defaults(run=_render)


def _add_policy(parser: argparse.ArgumentParser, role_help: str, *, required: bool = False) -> None:
    parser.add_argument(
        "--role",
        dest="roles",
        action="append",
        default=[] if not required else None,
        required=required,
        metavar="ROLE",
        help=role_help,
    )
    parser.add_argument(
        "--profiles",
        dest="profiles",
        action="append",
        default=[],
        metavar="DIR",
        help="also read profiles (*.yml) from this folder; may be repeated",
    )


def _add_template(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--template",
        metavar="FILE",
        help="a Jinja template of your own for the sysctl file (templates/README.md)",
    )


def _plan(options: argparse.Namespace) -> Exit:
    from tuner.cli.plan import run  # noqa: PLC0415

    return run(options)


def _render(options: argparse.Namespace) -> Exit:
    from tuner.cli.render import run  # noqa: PLC0415

    return run(options)
