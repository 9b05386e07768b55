"""Flags that several commands have: whom to ask, how to reach them, how to judge, what to write."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

SEVERITIES = ("note", "warning", "error", "never")


def add_whom(parser: argparse.ArgumentParser) -> None:
    """Add the inventory and which of its hosts."""
    parser.add_argument(
        "inventory",
        nargs="?",
        metavar="INVENTORY",
        help="an Ansible inventory: YAML, INI, JSON, a script, or a folder "
        "(default: $TUNER_INVENTORY, else ./inventory.yml)",
    )
    parser.add_argument(
        "-l", "--limit", metavar="PATTERN", help="only these hosts (Ansible's patterns)"
    )


def add_outputs(parser: argparse.ArgumentParser, formats: Sequence[str]) -> None:
    """Add what is printed and what is written to files."""
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


def add_judging(parser: argparse.ArgumentParser) -> None:
    """Add what hosts are judged by, and where answers come from."""
    parser.add_argument(
        "--from",
        dest="sources",
        nargs="+",
        metavar="PATH",
        default=[],
        help="read dumps (files, or folders of them; -: standard input) instead of asking hosts: "
        "a probe's output, the output of `sysctl -a`, or a sosreport",
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


def add_connection(parser: argparse.ArgumentParser) -> None:
    """Add how hosts are reached."""
    group = parser.add_argument_group("connection")
    group.add_argument(
        "-f",
        "--forks",
        type=positive,
        default=None,
        metavar="N",
        help="hosts asked at a time (default: 50)",
    )
    group.add_argument(
        "-T",
        "--timeout",
        type=seconds,
        default=30.0,
        metavar="S",
        help="seconds a host's answer may take (default: 30)",
    )
    group.add_argument(
        "--connect-timeout",
        type=seconds,
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


def positive(text: str) -> int:
    """Return a whole number above 0."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def seconds(text: str) -> float:
    """Return seconds: some, and a day's at most."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= 86400:  # noqa: PLR2004 - also refuses nan and inf
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds up to a day")
    return number
