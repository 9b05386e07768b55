"""The flags of the commands that change hosts, and of those that ask how a change went."""

from __future__ import annotations

import argparse

from tuner.cli.exits import Exit
from tuner.cli.plan_options import add_plan_flags
from tuner.cli.shared_options import add_connection, add_whom

_LONGEST = 86400  # seconds

_CHANGE_EXITS = (
    "Exit codes: 0 every host is as it shall be; 2 usage, inventory or plan is wrong, nothing was "
    "asked or changed; 3 some host could not be reached; 4 a change failed or was reverted; "
    "130 interrupted."
)


def add_change_flags(parser: argparse.ArgumentParser) -> None:
    """Add how hosts are changed."""
    group = parser.add_argument_group("change")
    group.add_argument(
        "-y", "--yes", action="store_true", help="do not ask; needed where there is no terminal"
    )
    group.add_argument(
        "--revert-in",
        type=_seconds,
        default=60,
        metavar="S",
        help="seconds after which a host that nobody confirmed puts itself back (default: 60)",
    )
    group.add_argument(
        "--serial",
        default="",
        metavar="N|%,...",
        help="hosts changed at a time, as in 1,10%%,50%%; the last size repeats, and the first "
        "batch has that many of every role (default: all at once)",
    )
    group.add_argument(
        "--max-fail",
        default="0",
        metavar="N|%",
        help="go on with the next batch while no more hosts than these failed (default: 0)",
    )
    group.add_argument(
        "--soak",
        type=_soak,
        default=10,
        metavar="S",
        help="seconds for which counters of trouble are watched before and after a batch; a host "
        "that is worse is put back and ends the run; 0: do not look (default: 10)",
    )
    group.add_argument(
        "--resume", action="store_true", help="go on with the last run, where the journal left it"
    )
    add_journal(group)


def add_journal(parser: argparse._ActionsContainer) -> None:
    """Add where the journal is."""
    parser.add_argument(
        "--journal",
        metavar="FILE",
        default=None,
        help="what is done is noted here first (default: $XDG_STATE_HOME/tuner/journal.jsonl)",
    )


def add_apply(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `tuner apply`."""
    apply = commands.add_parser(
        "apply",
        help="carry a plan out: every host keeps what it had, and undoes what nobody confirms",
        description="Make a plan, or read the one that `tuner plan -o FILE` saved (name the file "
        "in place of the inventory), show it, ask, and change the hosts. Each keeps what it had, "
        "starts a timer of its own, and writes the values one by one; over a new connection they "
        "are confirmed, and the files take their places. A host that fails or cannot be reached "
        "any more puts itself back.",
        epilog=_CHANGE_EXITS,
    )
    apply.add_argument("--dry-run", action="store_true", help="the same as tuner plan")
    apply.add_argument(
        "--hosts-from",
        metavar="INVENTORY",
        default=None,
        help="where the hosts of a saved plan are described (default: $TUNER_INVENTORY, else "
        "./inventory.yml)",
    )
    add_change_flags(apply)
    add_plan_flags(apply)
    apply.set_defaults(run=_apply)


def add_rollback(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `tuner rollback`."""
    rollback = commands.add_parser(
        "rollback",
        help="take a change back, from what each host kept of it",
        description="Put back, byte for byte, the files and values that a host had before a "
        "change, with the same protection as an apply: a host that cannot be reached afterwards "
        "undoes the rollback. What cannot be put back is named before anything is done.",
        epilog=_CHANGE_EXITS,
    )
    add_whom(rollback)
    rollback.add_argument(
        "--to",
        default="",
        metavar="ID",
        help="be as before this change, and take back what came after it too (default: take back "
        "the last apply; tuner history lists them)",
    )
    add_change_flags(rollback)
    add_connection(rollback)
    rollback.set_defaults(run=_rollback, roles=[])


def add_history(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `tuner history`."""
    history = commands.add_parser(
        "history",
        help="list the changes that hosts remember",
        description="Ask every host which changes it went through, and what it kept of them.",
    )
    add_whom(history)
    add_connection(history)
    history.set_defaults(run=_history, roles=[])


def add_status(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `tuner status`."""
    status = commands.add_parser(
        "status",
        help="say how far the last run came, and what its hosts say now",
        description="Read the journal of the last run, ask every host of the inventory, and show "
        "both. Exit codes: 0 every change has come to an end; 3 some host could not be reached; "
        "4 some change has not.",
    )
    add_whom(status)
    add_journal(status)
    add_connection(status)
    status.set_defaults(run=_status, roles=[])


def _seconds(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 3 <= int(text) <= _LONGEST:  # noqa: PLR2004
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of seconds from 3 to a day")
    return int(text)


def _soak(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > _LONGEST:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of seconds up to a day")
    return int(text)


def _apply(options: argparse.Namespace) -> Exit:
    if options.dry_run:
        from tuner.cli.plan import run as show  # noqa: PLC0415

        return show(options)
    from tuner.cli.apply import run  # noqa: PLC0415

    return run(options)


def _rollback(options: argparse.Namespace) -> Exit:
    from tuner.cli.rollback import run  # noqa: PLC0415

    return run(options)


def _history(options: argparse.Namespace) -> Exit:
    from tuner.cli.history import run  # noqa: PLC0415

    return run(options)


def _status(options: argparse.Namespace) -> Exit:
    from tuner.cli.status import run  # noqa: PLC0415

    return run(options)
