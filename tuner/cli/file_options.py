"""The flags of the commands that look at settings files: `tuner boot` and `tuner lint`."""

from __future__ import annotations

import argparse

from tuner.cli.exits import Exit
from tuner.cli.shared_options import SEVERITIES, add_connection, add_outputs

_PLAIN = ("text", "json")
_LINT = ("text", "json", "sarif")


def add_boot(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``tuner boot``."""
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
        "-l", "--limit", metavar="PATTERN", help="only these hosts (Ansible's patterns)"
    )
    add_connection(boot)
    boot.set_defaults(run=_boot, roles=[], rest="keys")


def add_lint(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``tuner lint``."""
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
    add_outputs(lint, _LINT)
    lint.add_argument(
        "--fail-on",
        choices=SEVERITIES,
        default="warning",
        help="exit 1 for findings of this severity or worse (default: %(default)s)",
    )
    lint.set_defaults(rest="paths", run=_lint)


def _boot(options: argparse.Namespace) -> Exit:
    from tuner.cli.boot import run  # noqa: PLC0415

    return run(options)


def _lint(options: argparse.Namespace) -> Exit:
    from tuner.cli.lint import run  # noqa: PLC0415

    return run(options)
