"""`tuner boot`: what the next boot sets, and which line decides it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tuner.cli.consoles import on_stderr, on_stdout
from tuner.cli.exits import Exit
from tuner.cli.fan_out import ask
from tuner.cli.hosts import choose_hosts, collected
from tuner.cli.paths import dump_path, is_file, is_stream
from tuner.errors import UsageError
from tuner.inventory.host import Host, Way
from tuner.remote.collect import collect
from tuner.remote.offline import is_offline
from tuner.remote.rootfs import is_root, read_root
from tuner.remote.session import Session
from tuner.report._report import Failure
from tuner.report.boot import HostBoot, keys_of, print_boot, render_boot
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.boot import Boot, covers
from tuner.sysctl.catalog import mainline_default
from tuner.sysctl.globs import is_pattern
from tuner.sysctl.key import Key, parse_key
from tuner.sysctl.loaders import NAMES, Program, parse_program
from tuner.sysctl.value import Value


def run(options: argparse.Namespace) -> Exit:
    """Tell the boot of the hosts that the target names."""
    program = _program(options.loader)
    patterns = [_pattern(text) for text in [*options.keys, *options.traces]]
    found: dict[str, HostBoot] = {}
    interrupted = False
    target = dump_path(options.target) if options.target is not None else None
    if target is not None and is_root(target) and not is_offline(target):
        snapshot = read_root(target)
        found[snapshot.host] = _tell(snapshot.host, snapshot, program, patterns, options)
    else:
        interrupted = _ask(target, program, patterns, options, found)
    hosts = tuple(found.values())
    code = Exit.INTERRUPTED if interrupted else _exit(hosts, compared=options.compare)
    if options.format == "json":
        sys.stdout.writelines(render_boot(hosts, exit_code=code))
    else:
        console = on_stdout()
        for number, host in enumerate(hosts):
            if number:
                console.print()
            print_boot(host, console, trace=bool(options.traces), whole=not patterns)
    sys.stdout.flush()
    return code


def _ask(
    target: Path | None,
    program: Program | None,
    patterns: list[str],
    options: argparse.Namespace,
    found: dict[str, HostBoot],
) -> bool:
    """Ask the hosts of an inventory, or read dumps; return whether it was interrupted."""
    hosts = _hosts(target, options)
    done: dict[str, HostBoot] = {}

    def work(host: Host, session: Session) -> HostBoot:
        return _tell(host.name, collect(host, session), program, patterns, options)

    def arrive(host: Host, result: HostBoot | Failure) -> None:
        if isinstance(result, Failure):
            result = HostBoot(host.name, failure=result)
        done[host.name] = result

    interrupted = ask(work, hosts, options=options, arrive=arrive, console=on_stderr())
    found.update((host.name, done[host.name]) for host in hosts)
    return interrupted


def _hosts(target: Path | None, options: argparse.Namespace) -> tuple[Host, ...]:
    """Return the hosts of a dump, a folder of dumps, or an inventory."""
    options.inventory = options.target
    options.sources = []
    if target is not None and (is_stream(target) or (is_file(target) and is_offline(target))):
        return (Host(target.stem, way=Way.DUMP, dump=str(target)),)
    if target is not None and (collected([target]) or is_offline(target)):
        options.inventory, options.sources = None, [options.target]
    return choose_hosts(options)


def _tell(
    name: str,
    snapshot: Snapshot,
    program: Program | None,
    patterns: list[str],
    options: argparse.Namespace,
) -> HostBoot:
    """Return what is to be told of one host."""
    boot, other = snapshot.boot, None
    if boot is None:
        failure = Failure(
            "no-files",
            "its source has no sysctl files, so that nobody can tell what boot sets",
            "take a dump with the probe: sh probe.sh > HOST.dump",
        )
        return HostBoot(name, failure=failure)
    if options.compare:
        other = snapshot.boot_by(program or snapshot.programs.admin)
    elif program is not None:
        boot = snapshot.boot_by(program)
    keys = keys_of([boot] if other is None else [boot, other])
    if patterns:
        there = {*keys, *(key for key in snapshot.live if "*" not in key)}
        there |= {Key(pattern) for pattern in patterns if not is_pattern(pattern)}
        keys = sorted(key for key in there if any(covers(it, key) for it in patterns))
    if other is not None:
        keys = [key for key in keys if _differs(boot, other, key)]
    defaults = {}
    for key in keys:
        default = mainline_default(key, snapshot.kernel)
        if default is not None:
            defaults[key] = str(default)
    conditions = {key: words for key in keys if (words := _condition(snapshot, boot, key))}
    return HostBoot(name, str(snapshot.kernel), boot, tuple(keys), defaults, conditions, other)


_CONGESTION = Key("net.ipv4.tcp_congestion_control")
_AVAILABLE = Key("net.ipv4.tcp_available_congestion_control")


def _condition(snapshot: Snapshot, boot: Boot, key: Key) -> str:
    """Return what the key's value hangs on and nobody has seen, empty for nothing."""
    decision, there = boot.decisions.get(key), snapshot.reading(_AVAILABLE)
    if key != _CONGESTION or decision is None or not isinstance(there, Value):
        return ""
    name = str(decision.value)
    if name in there.tokens:
        return ""
    return f"the kernel finds the module tcp_{name}; now it has {' '.join(there.tokens)}"


def _differs(boot: Boot, other: Boot, key: Key) -> bool:
    one, two = boot.decisions.get(key), other.decisions.get(key)
    return (one.value if one else None) != (two.value if two else None)


def _exit(hosts: tuple[HostBoot, ...], *, compared: bool) -> Exit:
    if any(host.boot is None or host.boot.unreadable for host in hosts):
        return Exit.INCOMPLETE
    return Exit.FINDINGS if compared and any(host.keys for host in hosts) else Exit.CLEAN


def _program(text: str | None) -> Program | None:
    """Return the loader of --loader.

    Raises:
        UsageError: there is no such loader.
    """
    if text is None:
        return None
    try:
        return parse_program(text)
    except ValueError as error:
        raise UsageError(
            f"--loader: {error}", hint=f"one of {', '.join(NAMES)}, as in --loader procps:3.3.17"
        ) from None


def _pattern(text: str) -> str:
    """Return a key or a pattern of keys in dots.

    Raises:
        UsageError: it is neither.
    """
    try:
        return parse_key(text)
    except ValueError as error:
        raise UsageError(
            str(error), hint="as in net.ipv4.ip_forward or 'net.ipv4.conf.*.*'"
        ) from None
