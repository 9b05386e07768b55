"""Whom a command asks, and how: the inventory or dumps, secrets, connection settings."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from dataclasses import replace
from pathlib import Path

from pydantic import SecretStr

from tuner.cli.paths import find_inventory
from tuner.errors import InventoryError, UsageError
from tuner.inventory.host import Host, Way
from tuner.inventory.load import load_inventory
from tuner.remote.offline import dumps_in
from tuner.report._clean import clean
from tuner.rules._check import registry

COLLECTED = "inventory.yml"
"""The inventory that ``tuner collect`` leaves in its folder beside the dumps."""


def choose_hosts(options: argparse.Namespace) -> tuple[Host, ...]:
    """Return the hosts that the arguments mean.

    Dumps take their roles, facts and waivers from the named inventory, else from the one that
    ``tuner collect`` left beside them.

    Raises:
        InputError: the inventory, the pattern or the dumps mean nothing.
    """
    sources = [Path(source) for source in getattr(options, "sources", [])]
    if not sources:
        path = find_inventory(options.inventory, os.environ)
        return load_inventory(
            path,
            limit=options.limit,
            roles=options.roles,
            become=options.become,
            become_password=_become_password(options),
            password=_prompt("SSH password: ", "--ask-pass") if options.ask_pass else None,
            warn=_warn,
            rules=registry,
        )
    if options.inventory is None and len(sources) == 1 and (sources[0] / COLLECTED).is_file():
        return _declared(options, sources[0] / COLLECTED)
    dumps = dict(dumps_in(sources))
    if options.inventory is None:
        if options.limit:
            raise UsageError(
                "--limit needs an inventory",
                hint="name one: tuner audit INVENTORY --from DIR --limit PATTERN",
            )
        roles = tuple(options.roles)
        return tuple(
            Host(name, way=Way.DUMP, dump=str(path), roles=roles) for name, path in dumps.items()
        )
    path = find_inventory(options.inventory, os.environ)
    known = _declared(options, path)
    unknown = sorted(set(dumps) - {host.name for host in known})
    if unknown and not options.limit:
        raise UsageError(
            f"{path} knows nothing of {', '.join(unknown[:5])}, which --from has a dump of",
            hint="add it to the inventory, or choose dumps by name",
        )
    chosen = tuple(
        replace(host, way=Way.DUMP, dump=str(dumps[host.name]))
        for host in known
        if host.name in dumps
    )
    if not chosen:
        raise UsageError("--from has no dump of the chosen hosts", hint="check --limit")
    return chosen


def whom(options: argparse.Namespace) -> tuple[str, ...]:
    """Return the words that ask and judge these hosts again, a limit apart; they hold no secret."""
    words = [options.inventory] if options.inventory is not None else []
    for flag, values in (("--role", options.roles), ("--profiles", options.profiles)):
        words += [word for value in values for word in (flag, value)]
    for flag in ("become", "ask_become_pass", "ask_pass"):
        words += [f"--{flag.replace('_', '-')}"] if getattr(options, flag) else []
    for flag in ("become_password_file", "ssh_config"):
        value = getattr(options, flag)
        words += [f"--{flag.replace('_', '-')}", value] if value is not None else []
    sources = list(getattr(options, "sources", []))
    return tuple(words + (["--from", *sources] if sources else []))


def limitable(options: argparse.Namespace) -> bool:
    """Tell whether the chosen hosts have an inventory that --limit can pick from."""
    sources = [Path(source) for source in getattr(options, "sources", [])]
    if not sources or options.inventory is not None:
        return True
    return len(sources) == 1 and (sources[0] / COLLECTED).is_file()


def _declared(options: argparse.Namespace, path: Path) -> tuple[Host, ...]:
    """Return the hosts of an inventory that will not be connected to."""
    return load_inventory(
        path, limit=options.limit, roles=options.roles, warn=_warn, rules=registry
    )


def _warn(warning: InventoryError) -> None:
    print(f"tuner: warning: {clean(str(warning), longest=2000)}", file=sys.stderr)


def _prompt(question: str, flag: str) -> SecretStr:
    """Ask for a secret on the terminal.

    Raises:
        UsageError: there is no terminal to ask on.
    """
    if not sys.stdin.isatty():
        raise UsageError(f"{flag} needs a terminal", hint="see tuner audit --help for other ways")
    return SecretStr(getpass.getpass(question))


def _become_password(options: argparse.Namespace) -> SecretStr | None:
    """Return the sudo password from the prompt, the file or the environment, None for none."""
    if options.ask_become_pass:
        return _prompt("BECOME password: ", "--ask-become-pass")
    if options.become_password_file:
        path = Path(options.become_password_file)
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise UsageError(
                f"cannot read the sudo password from {path}: {why}",
                hint="check --become-password-file and its permissions",
            ) from None
        return SecretStr(text.splitlines()[0] if text else "")
    password = os.environ.get("TUNER_BECOME_PASSWORD")
    return SecretStr(password) if password is not None else None
