"""The door: flags in, exit code out."""

from __future__ import annotations

import errno
import gc
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, TextIO

from tuner.cli.exits import Exit

_UNWRITABLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


def run() -> NoReturn:
    """Run one command, and end the process with its exit code."""
    # A third of the CPU of a short run went to collecting while modules load, and to taking them
    # apart at the end. Where connections come and go, remote.fleet turns the collector on.
    gc.disable()
    # Who starts us with a stream closed wants nothing of it.
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    # What ends tuner from outside ends what it started too, such as proxy commands.
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    code = main()
    sys.stderr.flush()
    os._exit(code)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    # What a command needs is imported when it runs: `tuner --help` must stay quick.
    from tuner.cli.parser import parse  # noqa: PLC0415
    from tuner.errors import InputError, TunerError, UsageError  # noqa: PLC0415

    try:
        try:
            options = parse(sys.argv[1:] if arguments is None else arguments)
        except SystemExit as ended:  # argparse has printed help or the version
            code = int(ended.code or 0)
        else:
            code = int(options.run(options))
        sys.stdout.flush()
    except InputError as error:
        _complain(error)
        return Exit.USAGE
    except TunerError as error:
        _complain(error)
        return Exit.INCOMPLETE
    except KeyboardInterrupt:
        print("tuner: interrupted", file=sys.stderr)
        return Exit.INTERRUPTED
    except BrokenPipeError:
        _give_up_output()  # whoever read it has gone, and nothing is left to say
        return Exit.BROKEN_PIPE
    except OSError as error:
        if _here_is_gone():
            _complain(UsageError("the folder this runs in is gone", hint="cd to one that is there"))
            return Exit.USAGE
        if error.errno not in _UNWRITABLE:
            raise
        _give_up_output()
        _complain(
            UsageError(
                f"cannot write the output: {error.strerror}", hint="what was written is not whole"
            )
        )
        return Exit.USAGE
    else:
        return code


def _give_up_output() -> None:
    """Let what is left of the output go nowhere: Python would try again to write it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _here_is_gone() -> bool:
    # Whoever makes a relative path absolute may find it out: inventories, reports, the catalogue.
    try:
        Path.cwd()
    except OSError:
        return True
    return False


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


def _complain(error: Exception) -> None:
    from tuner.report._clean import clean, clean_hint  # noqa: PLC0415

    print(f"tuner: {clean(str(error), longest=2000)}", file=sys.stderr)
    hint = getattr(error, "hint", "")
    if hint:
        print(f"  {clean_hint(hint)}", file=sys.stderr)
