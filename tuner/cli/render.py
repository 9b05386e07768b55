"""`tuner render`: a role's settings as a file, for people who bring it out by other means."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from tuner.cli.exits import Exit
from tuner.cli.paths import dump_path, saved_as, write_atomically
from tuner.cli.template import template_of
from tuner.errors import UsageError
from tuner.plan.digest import policy_digest
from tuner.plan.formats import Form, Work, put
from tuner.plan.render import Header
from tuner.plan.sheet import sheet, with_notes
from tuner.policy.resolve import load_profiles, resolve
from tuner.remote.offline import read
from tuner.resources import folder
from tuner.snapshot.snapshot import Snapshot
from tuner.snapshot.system import System
from tuner.sysctl.version import KernelVersion, parse_version

_NEWEST = "6.18"
"""The newest kernel whose sources the catalogue was made from."""

_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_SIZE = re.compile(r"([0-9]{1,15})\s*([kmgt]?)(?:i?b)?", re.ASCII | re.IGNORECASE)


def run(options: argparse.Namespace) -> Exit:
    """Print the file."""
    output = saved_as(options.output)
    template = template_of(options.template)
    profiles = load_profiles([folder("profiles"), *map(Path, options.profiles)])
    policy = resolve(profiles, options.roles)
    host = _host(options)
    found = sheet(policy, host)
    if options.host_facts is None and options.kernel is None:
        found = with_notes(found, f"For Linux {_NEWEST}; --kernel names another.")
    header = Header(policy.roles, policy_digest(policy))
    text = put(Work(found, header, template.text, template.file), Form(options.format))
    if output is not None:
        write_atomically(output, [text])
    else:
        sys.stdout.write(text)
    return Exit.CLEAN


def _host(options: argparse.Namespace) -> Snapshot:
    """Return the host that the options describe.

    Raises:
        InputError: a size or a release means nothing, or the dump cannot be read.
    """
    if options.host_facts is not None:
        if options.memory is not None:
            raise UsageError("--memory does not go with --host-facts", hint="leave one of them out")
        return read(dump_path(options.host_facts))
    memory = 0 if options.memory is None else _bytes(options.memory)
    return Snapshot(
        host="",
        kernel=_kernel(options.kernel or _NEWEST),
        system=System(memory=memory),
        complete=frozenset(),
    )


def _kernel(text: str) -> KernelVersion:
    try:
        return parse_version(text)
    except ValueError:
        raise UsageError(
            f"--kernel {text!r} is no release", hint="as in --kernel 6.1, or what uname -r says"
        ) from None


def _bytes(text: str) -> int:
    match = _SIZE.fullmatch(text.strip())
    if match is None or not int(match[1]):
        raise UsageError(f"--memory {text!r} is no size", hint="as in --memory 16GiB")
    return int(match[1]) * _UNITS[match[2].lower()]
