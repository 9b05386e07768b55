"""Whom a command asks, and how: the inventory or dumps, secrets, connection settings."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import SecretStr

from tuner.cli.paths import dump_path, find_inventory, is_file, is_folder
from tuner.errors import InventoryError, UsageError
from tuner.inventory.host import Host, Way
from tuner.inventory.load import load_inventory
from tuner.remote.me import expand
from tuner.remote.offline import dumps_in
from tuner.report._clean import clean
from tuner.rules._check import registry

COLLECTED = "inventory.yml"
"""The inventory that ``tuner collect`` leaves in its folder beside the dumps."""
_LONGEST_PASSWORD = 1023  # bytes; sudo reads no more (SUDO_CONV_REPL_MAX in sudo_plugin.h)


def choose_hosts(options: argparse.Namespace) -> tuple[Host, ...]:
    """Return the hosts that the arguments mean.

    Dumps take their roles, facts and waivers from the named inventory, else from the one that
    ``tuner collect`` left beside them.

    Raises:
        InputError: the inventory, the pattern or the dumps mean nothing.
    """
    sources = _sources(options)
    if not sources:
        _check_ssh_config(options)
        path = find_inventory(options, os.environ)
        # SSH first, as Ansible does: people type both without reading
        password = (
            _prompt("SSH password: ", "--ask-pass", options.command) if options.ask_pass else None
        )
        return load_inventory(
            path,
            limit=options.limit or "",
            roles=options.roles,
            become=options.become,
            become_password=_become_password(options),
            password=password,
            warn=_warn,
            rules=registry,
        )
    beside = collected(sources)
    if options.inventory is None and beside is not None:
        return _declared(options, beside)
    dumps = dict(dumps_in(sources))
    if options.inventory is None:
        if options.limit:
            raise UsageError(
                "--limit needs an inventory",
                hint=f"name one: tuner {options.command} INVENTORY --from DIR --limit PATTERN",
            )
        roles = tuple(options.roles)
        return tuple(
            Host(name, way=Way.DUMP, dump=str(path), roles=roles) for name, path in dumps.items()
        )
    path = find_inventory(options, os.environ)
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
    sources = _sources(options)
    if not sources or options.inventory is not None:
        return True
    return collected(sources) is not None


def collected(sources: Sequence[Path]) -> Path | None:
    """Return the inventory that ``tuner collect`` left in the only folder named, None for none.

    Raises:
        UsageError: nobody can tell.
    """
    if len(sources) != 1 or not is_folder(sources[0]):
        return None
    beside = sources[0] / COLLECTED
    return beside if is_file(beside) else None


def _sources(options: argparse.Namespace) -> list[Path]:
    return list(map(dump_path, getattr(options, "sources", [])))


def _declared(options: argparse.Namespace, path: Path) -> tuple[Host, ...]:
    """Return the hosts of an inventory that will not be connected to."""
    return load_inventory(
        path, limit=options.limit or "", roles=options.roles, warn=_warn, rules=registry
    )


def _warn(warning: InventoryError) -> None:
    print(f"tuner: warning: {clean(str(warning), longest=2000)}", file=sys.stderr)


def _check_ssh_config(options: argparse.Namespace) -> None:
    """Look at the file of ``-F`` before anybody is asked anything.

    Raises:
        UsageError: it cannot be read.
    """
    if options.ssh_config is None:
        return
    path = expand(options.ssh_config)
    try:
        path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"cannot read the ssh configuration {path}: {error.strerror}",
            hint="check --ssh-config (-F)",
        ) from None


def _prompt(question: str, flag: str, command: str) -> SecretStr:
    """Ask for a secret on the terminal.

    Raises:
        UsageError: there is no terminal to ask on, or the answer is Ctrl-D.
    """
    if not sys.stdin.isatty():
        raise UsageError(
            f"{flag} needs a terminal", hint=f"see tuner {command} --help for other ways"
        )
    try:
        return SecretStr(getpass.getpass(question))
    except EOFError:
        print(file=sys.stderr)  # the cursor is still behind the question
        raise UsageError(
            f"{flag}: no password was given", hint="type it, or leave the flag out"
        ) from None


def _become_password(options: argparse.Namespace) -> SecretStr | None:
    """Return the sudo password from the prompt, the file or the environment, None for none."""
    if options.ask_become_pass:
        return _prompt("BECOME password: ", "--ask-become-pass", options.command)
    if options.become_password_file:
        return _password_in(Path(options.become_password_file))
    password = os.environ.get("TUNER_BECOME_PASSWORD")
    return SecretStr(password) if password is not None else None


def _password_in(path: Path) -> SecretStr:
    """Return the one line that a file holds.

    Raises:
        UsageError: it cannot be read, or is no password.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LONGEST_PASSWORD + 2)
        text = data.decode("utf-8")
    except OSError as error:
        raise _no_password(path, error.strerror or "it cannot be read") from None
    except UnicodeDecodeError:
        raise _no_password(path, "it is not UTF-8") from None
    line, _, rest = text.partition("\n")
    line = line.removesuffix("\r")
    if not text.strip("\r\n"):
        raise _no_password(path, "it is empty")
    if rest.strip("\r\n"):
        raise _no_password(path, "it has more than one line")
    if not line:
        raise _no_password(path, "its first line is empty")
    if "\0" in line:
        raise _no_password(path, "it holds a NUL byte")
    if len(line.encode()) > _LONGEST_PASSWORD:
        raise _no_password(path, f"it is longer than {_LONGEST_PASSWORD} bytes")
    return SecretStr(line)


def _no_password(path: Path, why: str) -> UsageError:
    return UsageError(
        f"cannot read the sudo password from {path}: {why}",
        hint="check --become-password-file: one line in UTF-8 that you may read",
    )
